package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// bench is a run under way.
type bench struct {
	work   string // where inputs and layers are
	output string // where the results go
	rounds int
	small  bool
	same   int // layers that hold what mklayer's holds, and mklayer's own
	failed int // programs that ended with an error or made another layer
}

func (b *bench) run(chosen *regexp.Regexp) (Run, error) {
	r := Run{Rounds: b.rounds, Machine: describeMachine()}
	if !slices.ContainsFunc(groups, func(g group) bool { return chosen.MatchString(g.name()) }) {
		return r, fmt.Errorf("--groups=%s: no such group", chosen)
	}
	for _, g := range groups {
		if !chosen.MatchString(g.name()) {
			continue
		}
		found, err := b.group(g)
		if err != nil {
			return r, fmt.Errorf("%s: %w", g.input, err)
		}
		log.Printf("%s: done", found.Name)
		r.Groups = append(r.Groups, found)
		r.Machine.LoadAfter = load()
		if err := publish(r, b.output); err != nil { // now, for a run is long and may be ended
			return r, err
		}
	}
	return r, nil
}

// group lets the programs of a group take turns. The first round is for the page cache and for checking the layers; it
// counts only if the inputs are small.
func (b *bench) group(g group) (Group, error) {
	src, err := b.input(g.input)
	if err != nil {
		return Group{}, err
	}
	if err := b.clear(); err != nil {
		return Group{}, err
	}
	// The floor packs the tar that mklayer writes.
	if _, err := b.shell(src, group{codec: "none", level: "0"}.ours().run+` && mv "$out/layer" "$plain"`); err != nil {
		return Group{}, err
	}
	tools := []tool{g.ours(), g.floor()}
	if g.rebuild {
		tools = append(tools, g.rebuilt())
	}
	tools = append(tools, g.rivals...)
	result := Group{Name: g.name()}
	for _, t := range tools {
		result.Results = append(result.Results, Result{Tool: t.name, Absent: absent(t)})
	}
	var want map[string]string
	rounds := b.rounds + 1
	if b.small {
		rounds = 1
	}
	for round := range rounds {
		for i := range tools {
			if round%2 == 1 {
				i = len(tools) - 1 - i // so that none always comes after the same other one
			}
			t, r := tools[i], &result.Results[i]
			if r.Absent != "" {
				continue
			}
			s, err := b.once(t, src)
			if err == nil && round == 0 && t.name != floorName {
				want, err = b.verify(want, s.layer)
			}
			if err != nil {
				r.Absent = "failed"
				b.failed++
				log.Printf("%s: %s: %v", result.Name, t.name, err)
			} else if round > 0 || b.small {
				r.Samples = append(r.Samples, s)
			}
		}
		if round == 0 {
			result.count(want)
			want = nil // its memory would be charged to what is measured, see shell
		}
	}
	return result, nil
}

// verify compares a layer with the first one, mklayer's.
func (b *bench) verify(want map[string]string, layer string) (map[string]string, error) {
	got, err := readListing(layer)
	if err == nil && want != nil {
		err = difference(want, got)
	}
	if err != nil {
		return want, err
	}
	b.same++
	return got, nil
}

// once runs a tool once. The layer is there until the next call.
func (b *bench) once(t tool, src string) (Sample, error) {
	if err := b.clear(); err != nil {
		return Sample{}, err
	}
	if _, err := b.shell(src, t.prepare); err != nil {
		return Sample{}, err
	}
	s, err := b.shell(src, t.run)
	if err != nil {
		return s, err
	}
	if _, err := b.shell(src, t.finish); err != nil {
		return s, err
	}
	out := filepath.Join(b.work, "out")
	text, err := os.ReadFile(filepath.Join(out, measuredName))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	return s, filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > s.Output {
			s.layer, s.Output = path, info.Size()
		}
		return err
	})
}

// clear empties the directories that scripts write to.
func (b *bench) clear() error {
	var errs []error
	for _, dir := range []string{"out", "tmp"} {
		dir = filepath.Join(b.work, dir)
		errs = append(errs, os.RemoveAll(dir), os.Mkdir(dir, 0o777))
	}
	return errors.Join(errs...)
}

// shell runs a script and returns the time and memory of it and all its processes.
func (b *bench) shell(src, script string) (Sample, error) {
	// Linux charges a new process with the peak memory of the one that started it: make that small, and forget it.
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return Sample{}, err
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", functions+script)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "src="+src,
		"out="+filepath.Join(b.work, "out"), "tmp="+filepath.Join(b.work, "tmp"), "plain="+filepath.Join(b.work, "plain"))
	start := time.Now()
	said, err := cmd.CombinedOutput()
	if err != nil {
		return Sample{}, fmt.Errorf("%w: %s", err, said)
	}
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return Sample{
		Wall: time.Since(start).Seconds(),
		CPU:  (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
		RSS:  used.Maxrss << 10, // Linux counts in KiB
	}, nil
}

// absent says why a tool cannot take part; "" if it can.
func absent(t tool) string {
	if t.root && os.Geteuid() != 0 {
		return "needs root"
	}
	for _, program := range t.needs {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
	}
	return ""
}
