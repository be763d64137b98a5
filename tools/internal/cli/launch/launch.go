// Package launch lets a Go program be the executable of a Bazel rule without a shell script around it.
//
// The rule makes the executable a symlink to the program, and puts the program's arguments into a file: NAME.args beside
// the executable, and among its runfiles below "rules_strata.args", under the executable's own runfiles path. It is a
// parameter file, see [cli.Arguments]. "%runfiles%" in it stands for the path of the runfiles directory, and "%execroot%"
// for that of Bazel's execution root, the directory that contains bazel-out. The program runs with these arguments,
// followed by the user's.
//
// Users and other rules give such an executable further names, so its name alone does not identify it. The package
// follows the symlinks from the name that the caller used to the program itself. For each name on the way it searches the
// runfiles that belong to the name, the file beside it, and the runfiles that contain it; then it searches the runfiles
// that the environment names. In runfiles of several programs the name must match; in those of one it does not have to.
package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// process locates the arguments of this process. It does so once, before the working directory changes.
var process = sync.OnceValues(func() (location, error) {
	running, err := os.Executable()
	if err != nil {
		running = os.Args[0]
	}
	return locate(os.Args[0], running, os.Getenv)
})

// Args returns a function that changes to the user's directory and returns the arguments of the rule, followed by those
// of the process. If the rule has none, the program was started by hand, and only the arguments of the process are
// returned. The same holds if one of the flags byHand is given and the rule's arguments were found by a guess: then they
// belong to another program.
func Args(byHand ...string) func() ([]string, error) {
	return func() ([]string, error) {
		where, err := process()
		if err != nil {
			return nil, err
		}
		all, err := where.args(os.Args[1:], byHand)
		if err != nil {
			return nil, err
		}
		return all, EnterUserDirectory()
	}
}

func (l location) args(own, byHand []string) ([]string, error) {
	if l.file == "" || l.guess && slices.ContainsFunc(byHand, func(name string) bool { return isGiven(own, name) }) {
		return own, nil
	}
	all, err := l.lines(l.file)
	return append(all, own...), err
}

// isGiven reports whether a flag is among the arguments.
func isGiven(args []string, name string) bool {
	return slices.ContainsFunc(args, func(arg string) bool {
		flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return flag == name && strings.HasPrefix(arg, "-")
	})
}

// Lines returns the arguments in another file of the same form, named in the rule's arguments.
func Lines(path string) ([]string, error) {
	where, err := process()
	if err != nil {
		return nil, err
	}
	return where.lines(path)
}

// Environment returns the environment for other programs among the rule's runfiles.
func Environment() ([]string, error) {
	where, err := process()
	if err != nil {
		return nil, err
	}
	return where.runfiles.environment(os.Environ()), nil
}

// EnterUserDirectory changes to the user's working directory if "bazel run" has started the program elsewhere: paths that
// a user types, in flags and in environment variables, are relative to that directory.
func EnterUserDirectory() error {
	dir := os.Getenv("BUILD_WORKING_DIRECTORY")
	if dir == "" {
		return nil
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("BUILD_WORKING_DIRECTORY: %w", err)
	}
	return nil
}

// Explain adds a hint to an error about a missing flag if the program found no arguments of a rule: it lists the places
// that were searched.
func Explain(err error) error {
	where, lookErr := process()
	if lookErr != nil || where.file != "" {
		return err
	}
	return cli.Hint(err, "if a rule made this program, it was started without the arguments of its rule, which are not at\n"+
		"      %s;\n      keep NAME.runfiles beside the program NAME, or set RUNFILES_DIR to that directory",
		strings.Join(where.searched, "\n      "))
}

// ExplainMissing adds a hint to an error about a missing output of the build. Bazel deletes the outputs of an action before
// it gets some of them from a cache, and does not get the others until they are requested.
func ExplainMissing(err error) error {
	missing := (*fs.PathError)(nil)
	if errors.As(err, &missing) && errors.Is(missing, fs.ErrNotExist) && strings.Contains(filepath.ToSlash(missing.Path), "/bazel-out/") {
		return cli.Hint(err, `Bazel has not fetched this file, or has deleted it: start the program with "bazel run", or build its target again`)
	}
	return err
}
