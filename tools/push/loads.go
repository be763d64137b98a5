package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// graceTime is how long a load may take to exit after it was interrupted.
const graceTime = 10 * time.Second

// load is a program of image_load.
type load struct{ target, program string }

// loadResult describes a load to other programs.
type loadResult struct {
	// Target is the label of the build's target.
	Target string `json:"target"`
	// Names are the names of the images that were loaded.
	Names []string `json:"names"`
}

// parseLoad parses a value of --load.
func parseLoad(value string) (load, error) {
	target, program, err := cli.SplitPair(value)
	return load{target, program}, err
}

// runLoads runs the programs one after another, with their messages on standard error and the names that they print on
// names. A failed one does not keep the others from running: it has printed why, and makes the error [cli.ErrQuiet].
func (s *settings) runLoads(ctx context.Context, names, stderr io.Writer) (results []loadResult, err error) {
	for _, l := range s.loads {
		var printed bytes.Buffer
		loadErr := l.run(ctx, s.registry.Insecure, io.MultiWriter(names, &printed), stderr)
		results = append(results, loadResult{l.target, strings.Fields(printed.String())})
		switch {
		case ctx.Err() != nil:
			return results, context.Cause(ctx)
		case loadErr != nil:
			err = cli.ErrQuiet
		}
	}
	return results, err
}

// run runs the program. It prints errors that the program does not print.
func (l load) run(ctx context.Context, insecure bool, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, l.program)
	if insecure {
		cmd.Args = append(cmd.Args, "--insecure")
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = graceTime
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || !exit.Exited()) && ctx.Err() == nil {
		cli.Complain(stderr, "push", fmt.Errorf("%s: %w", l.target, err))
	}
	return err
}
