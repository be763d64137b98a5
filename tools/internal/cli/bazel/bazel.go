// Package bazel runs "bazel build" for a tool that "bazel run" has started, and finds the outputs.
//
// By then, the server is free for another command. The outputs are those that Bazel's build event protocol lists.
package bazel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// Command is a Bazel that builds in the working directory.
type Command struct {
	// Program is the name or the path of Bazel.
	Program string
	// Flags are further flags of "build".
	Flags []string
	// Err gets Bazel's warnings and errors.
	Err io.Writer
}

// Built lists the outputs of an output group as absolute paths, in Bazel's order.
type Built struct {
	// Root is Bazel's execution root.
	Root  string
	Files map[string][]string
}

// Build builds output groups of an aspect of a target. It needs outputs on this machine.
func (c Command) Build(ctx context.Context, target, aspect string, groups ...string) (Built, error) {
	dir, err := os.MkdirTemp("", "bazel-events")
	if err != nil {
		return Built{}, err
	}
	defer os.RemoveAll(dir)
	events := filepath.Join(dir, "events.json")
	args := slices.Concat([]string{"build"}, c.Flags, []string{
		"--ui_event_filters=-info,-debug", "--noshow_progress", "--show_result=0", "--aspects=" + aspect,
		"--output_groups=" + strings.Join(groups, ","), "--build_event_json_file=" + events, "--", target,
	})
	run := exec.CommandContext(ctx, c.Program, args...)
	run.Stdout, run.Stderr = c.Err, c.Err
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	err = run.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return Built{}, fmt.Errorf("%s build %s: exit code %d", c.Program, target, exit.ExitCode())
	case errors.Is(err, exec.ErrNotFound):
		return Built{}, cli.Hint(err, "--bazel=PROGRAM names the program that runs Bazel")
	case err != nil:
		return Built{}, err
	}
	file, err := os.Open(events)
	if err != nil {
		return Built{}, err
	}
	defer file.Close()
	return read(file, groups)
}

// event has the parts of a build event that matter here.
type event struct {
	ID struct {
		NamedSet        struct{ ID string } `json:"namedSet"`
		TargetCompleted struct {
			Aspect string
		} `json:"targetCompleted"`
	} `json:"id"`
	NamedSetOfFiles *fileSet `json:"namedSetOfFiles"`
	Completed       *struct {
		OutputGroup []struct {
			Name     string
			FileSets []setID `json:"fileSets"`
		} `json:"outputGroup"`
	} `json:"completed"`
	WorkspaceInfo *struct {
		LocalExecRoot string `json:"localExecRoot"`
	} `json:"workspaceInfo"`
}

type setID struct{ ID string }

type fileSet struct {
	Files []struct {
		URI string `json:"uri"`
	}
	FileSets []setID `json:"fileSets"`
}

// maxEvent bounds the size of a build event.
const maxEvent = 64 << 20

// read returns the files of output groups in a file of build events.
func read(r io.Reader, groups []string) (Built, error) {
	sets := make(map[string]*fileSet)
	tops := make(map[string][]setID)
	var b Built
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return b, fmt.Errorf("build event: %w", err)
		}
		switch {
		case e.NamedSetOfFiles != nil:
			sets[e.ID.NamedSet.ID] = e.NamedSetOfFiles
		case e.WorkspaceInfo != nil:
			b.Root = e.WorkspaceInfo.LocalExecRoot
		case e.Completed != nil && e.ID.TargetCompleted.Aspect != "":
			for _, group := range e.Completed.OutputGroup {
				tops[group.Name] = append(tops[group.Name], group.FileSets...)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return b, fmt.Errorf("build events: %w", err)
	}
	if b.Root == "" {
		return b, errors.New("build events: no execution root")
	}
	b.Files = make(map[string][]string)
	for _, group := range groups {
		files, err := flatten(sets, tops[group], make(map[string]bool))
		if err != nil {
			return b, err
		}
		b.Files[group] = files
	}
	return b, nil
}

// flatten returns the paths of the files in sets.
func flatten(sets map[string]*fileSet, ids []setID, seen map[string]bool) ([]string, error) {
	var all []string
	for _, id := range ids {
		set := sets[id.ID]
		if set == nil || seen[id.ID] {
			continue
		}
		seen[id.ID] = true
		for _, file := range set.Files {
			u, err := url.Parse(file.URI)
			if err != nil || u.Scheme != "file" {
				return nil, cli.Hint(fmt.Errorf("build events: %q is not on this machine", file.URI),
					"add the flag --remote_download_outputs=toplevel")
			}
			all = append(all, u.Path)
		}
		below, err := flatten(sets, set.FileSets, seen)
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}
