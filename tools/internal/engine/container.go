package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// MaxOutput is how many bytes of standard output and of standard error of a container are kept. One that writes more is stopped.
const MaxOutput = 16 << 20

// Container describes a container that runs one program without standard input and without network.
type Container struct {
	// Image is the name of a loaded image, or of one that Keep made.
	Image reference.Reference
	// Flags are the engine's.
	Flags []string
	// Args are the program and its arguments. The entrypoint of the image is not used.
	Args []string
	// Keep, unless nil, is the name of a new image with the files as the program leaves them.
	Keep *reference.Reference
}

// Outcome is what the program of a container did.
type Outcome struct {
	Stdout, Stderr []byte
	ExitCode       int
}

// cleanTime is how long removing something may take, also after the end of the context.
const cleanTime = time.Minute

// Execute runs a container, waits for its end and removes it. Only Docker and Podman can do this. A program that cannot be started
// is an error, every exit code is not.
func (e *Engine) Execute(ctx context.Context, c Container) (outcome Outcome, err error) {
	args := slices.Concat([]string{"create", "--network=none"}, c.Flags, []string{"--entrypoint=" + c.Args[0], c.Image.String()}, c.Args[1:])
	id, err := e.lastLine(ctx, args)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, e.clean(ctx, "rm", "--force", "--volumes", id)) }()
	outcome, err = e.attach(ctx, id)
	if err != nil {
		return outcome, err
	}
	state, err := e.lastLine(ctx, []string{"container", "inspect", "--format={{.State.ExitCode}} {{.State.Status}} {{.State.Error}}", id})
	if err != nil {
		return outcome, err
	}
	if outcome.ExitCode, err = exitCode(state, outcome.Stderr); err != nil {
		return outcome, err
	}
	if c.Keep != nil {
		_, err = e.lastLine(ctx, []string{"commit", id, c.Keep.String()})
	}
	return outcome, err
}

// exitCode parses the state of a container that has ended. Docker states why one did not start, Podman prints it.
func exitCode(state string, stderr []byte) (int, error) {
	code, rest, _ := strings.Cut(state, " ")
	status, problem, _ := strings.Cut(rest, " ")
	problem = strings.TrimSpace(problem)
	if problem == "" && status != "exited" && status != "stopped" {
		problem = cmp.Or(strings.TrimSpace(strings.ToValidUTF8(string(stderr), "?")), "the container does not start: "+state)
	}
	if problem != "" {
		return 0, errors.New(problem)
	}
	return strconv.Atoi(code)
}

// attach starts a container and returns its output. Its exit code is not that of the program if the container does not start.
func (e *Engine) attach(ctx context.Context, id string) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stdout, stderr := &limited{stop: cancel}, &limited{stop: cancel}
	cmd := e.command(ctx, "start", "--attach", id)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = graceTime
	err := cmd.Run()
	outcome := Outcome{Stdout: stdout.text.Bytes(), Stderr: stderr.text.Bytes()}
	exit := (*exec.ExitError)(nil)
	switch {
	case stdout.full || stderr.full:
		return outcome, fmt.Errorf("the program writes more than %d bytes", MaxOutput)
	case ctx.Err() != nil:
		return outcome, context.Cause(ctx)
	case errors.As(err, &exit):
		return outcome, nil
	}
	return outcome, err
}

// Remove removes the name of an image, and the image if it has no other name.
func (e *Engine) Remove(ctx context.Context, name reference.Reference) error {
	return e.clean(ctx, "rmi", "--force", name.String())
}

// clean calls the program, even if the context has ended.
func (e *Engine) clean(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	_, err := e.lastLine(ctx, args)
	return err
}

// lastLine calls the program and returns the last line of its output.
func (e *Engine) lastLine(ctx context.Context, args []string) (string, error) {
	cmd := e.command(ctx, args...)
	var stdout, stderr tail
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = graceTime
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w%s", e.kind.program, args[0], err, quote(stderr.String()))
	}
	text := strings.TrimRight(stdout.String(), "\n")
	return strings.TrimRight(text[strings.LastIndexByte(text, '\n')+1:], " "), nil
}

// limited keeps what is written to it, and stops the writer if that is too much.
type limited struct {
	text bytes.Buffer
	full bool
	stop func()
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > MaxOutput {
		l.full = true
		l.stop()
		return 0, errors.New("too much output")
	}
	return l.text.Write(p)
}
