package main

import (
	"bytes"
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
)

// imageTool is the program that reads registries and compares images. This one uses no network itself.
const imageTool = "@rules_strata//rules:image"

// bazel starts Bazel in a workspace.
type bazel struct {
	program  string
	dir      string
	progress io.Writer // Bazel's standard error
}

// run returns the standard output. The error is an *exec.ExitError if Bazel ran and failed.
func (b bazel) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, b.program, args...)
	command.Dir, command.Stderr = b.dir, b.progress
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	return command.Output()
}

// built is a target of a build.
type built struct {
	success bool
	groups  map[string][]string // the absolute paths of the files of each output group
}

// build builds targets. It returns those that Bazel reported, also if others failed.
func (b bazel) build(ctx context.Context, targets []string, flags ...string) (map[string]built, error) {
	events, err := os.CreateTemp("", "migrate-events-*.json")
	if err != nil {
		return nil, err
	}
	defer os.Remove(events.Name())
	defer events.Close()
	args := slices.Concat([]string{"build", "--build_event_json_file=" + events.Name(), "--remote_download_outputs=toplevel"}, flags, []string{"--"}, targets)
	if _, err = b.run(ctx, args...); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w; --bazel=PROGRAM names another one", b.program, err)
		}
	}
	return readEvents(events)
}

// event has those fields of Bazel's build events that name outputs.
type event struct {
	ID struct {
		TargetCompleted *struct{ Label string }
		NamedSet        *fileSetID
	}
	Completed *struct {
		Success     bool
		OutputGroup []struct {
			Name     string
			FileSets []fileSetID
		}
	}
	NamedSetOfFiles *fileSet
}

type fileSetID struct{ ID string }

type fileSet struct {
	Files    []struct{ URI string }
	FileSets []fileSetID
}

// readEvents returns the targets in a file of build events, by label.
func readEvents(in io.Reader) (map[string]built, error) {
	targets, sets := map[string]built{}, map[string]*fileSet{}
	for decoder := json.NewDecoder(in); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return targets, nil
		} else if err != nil {
			return nil, fmt.Errorf("--build_event_json_file: %w", err)
		}
		switch {
		case e.ID.NamedSet != nil && e.NamedSetOfFiles != nil:
			sets[e.ID.NamedSet.ID] = e.NamedSetOfFiles
		case e.ID.TargetCompleted != nil:
			result := built{groups: map[string][]string{}}
			if e.Completed != nil {
				result.success = e.Completed.Success
				for _, group := range e.Completed.OutputGroup {
					result.groups[group.Name] = append(result.groups[group.Name], setFiles(sets, group.FileSets, map[string]bool{})...)
				}
			}
			targets[canonical(e.ID.TargetCompleted.Label)] = result
		}
	}
}

// setFiles returns the local files of sets, which come before the targets that refer to them.
func setFiles(sets map[string]*fileSet, ids []fileSetID, seen map[string]bool) []string {
	var files []string
	for _, id := range ids {
		set := sets[id.ID]
		if set == nil || seen[id.ID] {
			continue
		}
		seen[id.ID] = true
		for _, f := range set.Files {
			if u, err := url.Parse(f.URI); err == nil && u.Scheme == "file" {
				files = append(files, filepath.FromSlash(localPath(u.Path)))
			}
		}
		files = append(files, setFiles(sets, set.FileSets, seen)...)
	}
	return files
}

// localPath returns the path in a URL, where those of Windows begin with "/C:/".
func localPath(path string) string {
	if len(path) > 2 && path[0] == '/' && path[2] == ':' {
		return path[1:]
	}
	return path
}

// canonical returns a label of the main repository without a repository: "@@//a:b" and "@//a:b" are "//a:b".
func canonical(label string) string {
	if short := strings.TrimLeft(label, "@"); strings.HasPrefix(short, "//") {
		return short
	}
	return label
}

// tool is the path of a program of ours.
type tool string

// image builds the image tool of the workspace.
func (b bazel) image(ctx context.Context) (tool, error) {
	targets, err := b.build(ctx, []string{imageTool})
	if err != nil {
		return "", err
	}
	for _, target := range targets {
		if files := target.groups["default"]; target.success && len(files) == 1 {
			return tool(files[0]), nil
		}
	}
	return "", fmt.Errorf("%s could not be built in %s: declare rules_strata there, and see Bazel's output above", imageTool, b.dir)
}

// read runs the program, and decodes its standard output. The image tool exits with 1 both if it fails and if images differ;
// only in the latter case it writes to standard output.
func (t tool) read(ctx context.Context, value any, args ...string) error {
	var problem bytes.Buffer
	command := exec.CommandContext(ctx, string(t), args...)
	command.Stderr = &problem
	out, err := command.Output()
	if len(out) > 0 {
		return json.Unmarshal(out, value)
	}
	if err == nil {
		err = errors.New("no output")
	}
	if text := strings.TrimSpace(problem.String()); text != "" {
		return errors.New(strings.TrimPrefix(text, "image: "))
	}
	return err
}
