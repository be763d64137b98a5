// Package bazel starts Bazel, and the image tool that Bazel builds.
package bazel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Runner starts Bazel in a workspace.
type Runner struct {
	Program  string
	Dir      string
	Progress io.Writer // Bazel's standard error
}

// run returns the standard output. The error is an *exec.ExitError if Bazel ran and failed.
func (b Runner) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, b.Program, args...)
	command.Dir, command.Stderr = b.Dir, b.Progress
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	return command.Output()
}

// Build builds targets. It returns those that Bazel reported, also if others failed.
func (b Runner) Build(ctx context.Context, targets []string, flags ...string) (map[string]Target, error) {
	events, err := os.CreateTemp("", "migrate-events-*.json")
	if err != nil {
		return nil, err
	}
	defer os.Remove(events.Name())
	defer events.Close()
	args := slices.Concat([]string{"build", "--build_event_json_file=" + events.Name(), "--remote_download_outputs=toplevel"}, flags, []string{"--"}, targets)
	if _, err = b.run(ctx, args...); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w; --bazel=PROGRAM names another one", b.Program, err)
		}
	}
	return readEvents(events)
}

// Query returns the labels that a query selects. It leaves out packages with errors, which Bazel prints.
func (b Runner) Query(ctx context.Context, expression string) ([]string, error) {
	out, err := b.run(ctx, "query", "--keep_going", "--output=label", expression)
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != partial) {
		return nil, fmt.Errorf("%s query in a copy of the workspace: %w; Bazel's message is above", b.Program, err)
	}
	labels := strings.Fields(string(out))
	for i, label := range labels {
		labels[i] = canonical(label)
	}
	return labels, nil
}

// Expunge removes what Bazel has written for the workspace, and stops its server.
func (b Runner) Expunge() {
	if _, err := os.Stat(b.Dir); err == nil {
		b.Progress = io.Discard
		_, _ = b.run(context.Background(), "clean", "--expunge")
	}
}

// partial is Bazel's exit code for a query that had errors in some packages.
const partial = 3
