package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Run runs a container of the image that has the name, with the streams of this process, and removes the container when it
// ends. The flags are the engine's, the arguments the container's. Run replaces this process with the engine's program, so
// it returns only if that fails or, on a system without such calls, with the container's exit code.
func (e *Engine) Run(name reference.Reference, flags, args []string) (code int, err error) {
	all := e.runArgs(name, flags, args, isTerminal(os.Stdin) && isTerminal(os.Stdout))
	err = syscall.Exec(e.path, append([]string{e.kind.program}, all...), os.Environ())
	if !errors.Is(err, errors.ErrUnsupported) {
		return 0, fmt.Errorf("%s: %w", e.path, err)
	}
	cmd := exec.Command(e.path, all...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// runArgs returns the arguments of the engine's program that run a container.
func (e *Engine) runArgs(name reference.Reference, flags, args []string, terminal bool) []string {
	all := slices.Concat(e.args, e.kind.run)
	if terminal {
		all = append(all, "--tty")
	}
	all = append(append(all, flags...), name.String())
	if e.kind.runID {
		all = append(all, "strata-"+strconv.Itoa(os.Getpid()))
	}
	return append(all, args...)
}

// isTerminal reports whether a file is a terminal: a character device that is not the null device, the only other one
// that a program usually gets as a standard stream.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
