package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rebuilds is how often a layer is made again: the first time takes memory that the machine may first have to find.
const rebuilds = 3

// rebuild measures what a worker, mklayer as Bazel keeps it alive, takes for the layer of the directory src after it
// has made one in which a single file was another. It is the median of several rebuilds, each after a change of another
// file.
func rebuild(codec, level, src, out string) (Sample, error) {
	w, err := startWorker()
	if err != nil {
		return Sample{}, err
	}
	defer w.stop()
	request := []string{"--tree=/=" + src, "--compression=" + codec, "--level=" + level,
		"--output=" + filepath.Join(out, "layer"), "--descriptor=" + filepath.Join(out, "layer.json")}
	var changes []change
	for i := range rebuilds {
		c, err := newChange(src, i+1)
		if err == nil {
			err = c.do()
		}
		if err != nil {
			return Sample{}, err
		}
		changes = append(changes, c)
	}
	if err := w.make(request); err != nil {
		return Sample{}, err
	}
	var samples []Sample
	for _, c := range changes {
		if err := c.undo(); err != nil {
			return Sample{}, err
		}
		s, err := w.measure(request)
		if err != nil {
			return Sample{}, err
		}
		samples = append(samples, s)
	}
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Wall, b.Wall) })
	return samples[rebuilds/2], nil
}

// change puts a few bytes into the middle of a file.
type change struct {
	path string
	was  []byte
}

// newChange chooses the file that so many parts of the directory's files come before, of one more than there are
// rebuilds.
func newChange(dir string, parts int) (change, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) <= rebuilds {
		return change{}, fmt.Errorf("%s: too few files (%v)", dir, err)
	}
	path := files[len(files)*parts/(rebuilds+1)]
	was, err := os.ReadFile(path)
	return change{path, was}, err
}

func (c change) do() error {
	changed := slices.Insert(slices.Clone(c.was), len(c.was)/2, []byte("a change of a few bytes")...)
	return os.WriteFile(c.path, changed, 0o666)
}

func (c change) undo() error { return os.WriteFile(c.path, c.was, 0o666) }

// worker is a process that answers requests.
type worker struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startWorker() (*worker, error) {
	w := &worker{process: exec.Command("mklayer", "--persistent_worker")}
	w.process.Stderr = os.Stderr
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if w.in, err = w.process.StdinPipe(); err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	return w, w.process.Start()
}

// stop ends the worker as Bazel does.
func (w *worker) stop() {
	w.in.Close()
	w.process.Wait()
}

// make has the worker make a layer.
func (w *worker) make(arguments []string) error {
	if err := json.NewEncoder(w.in).Encode(map[string]any{"arguments": arguments}); err != nil {
		return err
	}
	line, err := w.out.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the worker ended: %w", err)
	}
	var answer struct {
		ExitCode int
		Output   string
	}
	if err := json.Unmarshal([]byte(line), &answer); err != nil || answer.ExitCode != 0 {
		return fmt.Errorf("the worker says %q (%v)", line, err)
	}
	return nil
}

// measure has the worker make a layer, and returns what it took.
func (w *worker) measure(arguments []string) (Sample, error) {
	before, _, err := w.used()
	if err != nil {
		return Sample{}, err
	}
	start := time.Now()
	if err := w.make(arguments); err != nil {
		return Sample{}, err
	}
	s := Sample{Wall: time.Since(start).Seconds()}
	after, peak, err := w.used()
	s.CPU, s.RSS = after-before, peak
	return s, err
}

// used returns the worker's CPU time so far, in seconds, and its peak memory, in bytes.
func (w *worker) used() (cpu float64, peak int64, err error) {
	proc := fmt.Sprintf("/proc/%d/", w.process.Process.Pid)
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return 0, 0, err
	}
	_, high, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(high, &peak); err != nil {
		return 0, 0, fmt.Errorf("%sstatus: %w", proc, err)
	}
	stat, err := os.ReadFile(proc + "stat")
	if err != nil {
		return 0, 0, err
	}
	// What follows the name in brackets starts with field 3; 14 and 15 are user and system time, in hundredths.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("%sstat: %q", proc, stat)
	}
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, 0, err
		}
		cpu += ticks / 100
	}
	return cpu, peak << 10, nil
}
