// Package launch lets a Go program be the executable of a Bazel rule without a shell script around it.
//
// The rule makes the executable a symlink to the program and puts a file NAME.args beside it: one argument a line, and
// "%runfiles%" where the path of the runfiles directory belongs, "%execroot%" where that of Bazel's execution root does,
// the directory that holds bazel-out. The program runs with these arguments first and the user's after them.
package launch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What stands for a directory in an .args file.
const (
	runfilesPlaceholder = "%runfiles%"
	execrootPlaceholder = "%execroot%"
)

// Args returns the arguments beside the executable, then the process's own. Without an .args file it returns the
// process's own alone: the program was started by hand.
func Args() ([]string, error) {
	return args(os.Args[0], os.Getenv, os.Args[1:])
}

func args(executable string, getenv func(string) string, own []string) ([]string, error) {
	all, err := lines(executable+".args", executable, getenv)
	if errors.Is(err, fs.ErrNotExist) {
		return own, nil
	}
	return append(all, own...), err
}

// Lines returns the arguments in another file of that form, one that .args names.
func Lines(path string) ([]string, error) {
	return lines(path, os.Args[0], os.Getenv)
}

func lines(path, executable string, getenv func(string) string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var dir string
	if strings.Contains(string(text), runfilesPlaceholder) {
		if dir, err = runfiles(executable, getenv); err != nil {
			return nil, err
		}
	}
	directories := strings.NewReplacer(runfilesPlaceholder, dir, execrootPlaceholder, execroot(executable))
	var all []string
	for line := range strings.Lines(string(text)) {
		all = append(all, directories.Replace(strings.TrimSuffix(line, "\n")))
	}
	return all, nil
}

// execroot finds Bazel's execution root above the executable. If that has been moved out of its bazel-out there is none,
// and what is looked for in the result is not found.
func execroot(executable string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(executable))
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	slashed := filepath.ToSlash(dir)
	if n := strings.LastIndex(slashed, "/bazel-out/"); err == nil && n >= 0 {
		return dir[:n]
	}
	return execrootPlaceholder
}

// runfiles finds the runfiles directory: beside the executable, around it (if the executable is itself a runfile), or
// where the caller says.
func runfiles(executable string, getenv func(string) string) (string, error) {
	executable, err := filepath.Abs(executable)
	if err != nil {
		return "", err
	}
	if dir := executable + ".runfiles"; isDir(dir) {
		return dir, nil
	}
	for dir := filepath.Dir(executable); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.HasSuffix(dir, ".runfiles") && isDir(dir) {
			return dir, nil
		}
	}
	if dir := getenv("RUNFILES_DIR"); dir != "" && isDir(dir) {
		return dir, nil
	}
	return "", errors.New(executable + ": no runfiles directory; start it with \"bazel run\"")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
