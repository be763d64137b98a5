package launch

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// The placeholders for directories in a file of arguments. They occur at the beginning of a path.
const (
	runfilesPlaceholder = "%runfiles%/"
	execrootPlaceholder = "%execroot%/"
)

// errNoRunfiles is returned if the arguments of a program exist, but not the files that they name.
var errNoRunfiles = errors.New(`no runfiles directory; start it with "bazel run"`)

// lines reads a file of arguments.
func (l location) lines(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all, err := cli.Arguments(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, arg := range all {
		if all[i], err = l.expand(arg); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// expand replaces placeholders with paths, in an argument of the form FLAG=PATH or FLAG=KEY=PATH. KEY is escaped for
// cli.SplitPair; it may be a path, too.
func (l location) expand(arg string) (string, error) {
	flag, value, _ := strings.Cut(arg, "=")
	n := pairEnd(value)
	if n < 0 && !isPath(value) {
		return arg, nil
	}
	expanded := flag
	if n >= 0 {
		key, err := l.path(unescape(value[:n]))
		if err != nil {
			return "", err
		}
		expanded += "=" + escaper.Replace(key)
		value = value[n+1:]
	}
	path, err := l.path(value)
	return expanded + "=" + path, err
}

// pairEnd returns the index of the "=" in "KEY=PATH", or -1.
func pairEnd(value string) int {
	for i := 1; i < len(value); i++ {
		switch {
		case value[i] == '\\':
			i++
		case value[i] == '=' && isPath(value[i+1:]):
			return i
		}
	}
	return -1
}

func isPath(value string) bool {
	return strings.HasPrefix(value, runfilesPlaceholder) || strings.HasPrefix(value, execrootPlaceholder)
}

// path returns the path for a value that begins with a placeholder. If the execution root is unknown, the placeholder
// stays, and the file is not found.
func (l location) path(value string) (string, error) {
	if name, ok := strings.CutPrefix(value, runfilesPlaceholder); ok {
		if l.runfiles.dir == "" {
			return "", fmt.Errorf("%s: %w", l.file, errNoRunfiles)
		}
		return l.runfiles.path(name), nil
	}
	if name, ok := strings.CutPrefix(value, execrootPlaceholder); ok && l.execroot != "" {
		return l.execroot + "/" + name, nil
	}
	return value, nil
}

var escaper = strings.NewReplacer(`\`, `\\`, `=`, `\=`)

// unescape undoes the escapes of a key.
func unescape(key string) string {
	if plain, _, err := cli.SplitPair(key + "="); err == nil {
		return plain
	}
	return key
}
