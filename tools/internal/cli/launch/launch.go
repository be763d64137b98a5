// Package launch lets a Go program be the executable of a Bazel rule without a shell script around it.
//
// The rule makes the executable a symlink to the program, and puts the program's arguments into a file: NAME.args beside
// the executable, and among its runfiles below "rules_strata.args", under the executable's own runfiles path. The file
// has one argument a line, and "%runfiles%" where the path of the runfiles directory belongs, "%execroot%" where that of
// Bazel's execution root does, the directory that holds bazel-out. The program runs with these arguments first and the
// user's after them.
//
// People and other rules give such an executable further names, so what it is called says little. Looked at are, for each
// name from the one that the caller used, along the symlinks, to the program itself: the runfiles that belong to the name,
// the file beside it, and the runfiles that it lies in; then the runfiles that the environment names. In runfiles of
// several programs a name must match; in those of one it need not.
package launch

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// process is where this process's arguments are. It is looked up once, before the working directory changes.
var process = sync.OnceValues(func() (location, error) {
	running, err := os.Executable()
	if err != nil {
		running = os.Args[0]
	}
	return locate(os.Args[0], running, os.Getenv)
})

// Args returns a function that goes to the user's directory and returns the arguments of the rule, then the process's
// own. Without a rule's it returns the process's own alone: the program was started by hand. So it was, too, if one of
// the flags byHand is given and the arguments are there by a guess: they are those of another program then.
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

// Lines returns the arguments in another file of that form, one that the rule's arguments name.
func Lines(path string) ([]string, error) {
	where, err := process()
	if err != nil {
		return nil, err
	}
	return where.lines(path)
}

// EnterUserDirectory changes to the directory that the user is in, if "bazel run" has started the program elsewhere: all
// paths that a user types, in flags and in environment variables, are relative to that.
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

// Explain adds to an error about a missing flag that the program had no arguments of a rule, and where they were looked
// for.
func Explain(err error) error {
	where, lookErr := process()
	if lookErr != nil || where.file != "" {
		return err
	}
	return cli.Hint(err, "a program that a rule made is started without the arguments of its rule, which are not at\n"+
		"      %s;\n      keep NAME.runfiles beside the program NAME, or name that directory in RUNFILES_DIR",
		strings.Join(where.looked, "\n      "))
}
