package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
)

// maxHops is the maximum length of a chain of symlinks.
const maxHops = 40

// location is where the arguments of a rule are, with the values of their placeholders.
type location struct {
	file     string // empty if there are none
	guess    bool   // whether they were taken only because there are no others
	runfiles runfiles
	execroot string   // empty if unknown
	searched []string // the places that were searched
}

// locate finds the arguments of a program that was started under a name, and whose file is at the path running.
func locate(name, running string, getenv func(string) string) (location, error) {
	names := hops(name)
	if !slices.Contains(names, running) {
		names = append(names, running)
	}
	l := location{execroot: execroot(names)}
	env := envRunfiles(getenv)
	for _, name := range names {
		if l.find(name, env) {
			return l, nil
		}
	}
	for _, r := range env {
		l.searched = append(l.searched, r.String())
		for _, name := range names {
			if l.take(r, match(r.arguments(), name)) {
				return l, nil
			}
		}
	}
	return l.guessed(names, env)
}

// find searches the places for arguments that follow from a name.
func (l *location) find(name string, env []runfiles) bool {
	own, around := ownRunfiles(name), runfilesAround(name)
	for _, r := range own {
		all := r.arguments()
		if l.take(r, match(all, name)) || len(all) == 1 && l.take(r, all[0]) {
			return true
		}
	}
	beside := name + ".args"
	if _, err := os.Stat(beside); !errors.Is(err, fs.ErrNotExist) {
		l.file = beside
		l.runfiles = firstWhole(slices.Concat(own, around, env))
		return true
	}
	l.searched = append(l.searched, name+".runfiles", beside)
	for _, r := range around {
		if l.take(r, match(r.arguments(), name)) {
			return true
		}
		l.searched = append(l.searched, r.String())
	}
	l.searched = slices.Compact(l.searched)
	return false
}

// take takes the arguments with the given path among runfiles, unless the path is empty.
func (l *location) take(r runfiles, arguments string) bool {
	if arguments == "" {
		return false
	}
	l.file, l.runfiles = r.path(path.Join(argumentsDir, arguments)), r
	return true
}

// guessed takes arguments that are the only ones among runfiles, whatever the program's name is.
func (l location) guessed(names []string, env []runfiles) (location, error) {
	var places []runfiles
	for _, name := range names {
		places = slices.Concat(places, ownRunfiles(name), runfilesAround(name))
	}
	for _, r := range append(places, env...) {
		all := r.arguments()
		if len(all) == 1 {
			l.guess = l.take(r, all[0])
			return l, nil
		}
		if len(all) > 1 {
			for i, name := range all {
				all[i] = strings.TrimSuffix(name, ".args")
			}
			return l, cli.Hint(fmt.Errorf("%s: started without the arguments of its rule: %s contains those of %s",
				names[0], r, strings.Join(all, ", ")), "start one of these, or a symlink to it")
		}
	}
	return l, nil
}

// match returns the path of the arguments for a program with a name, which is an absolute path, or "" if there are none.
// The paths of the arguments begin with a repository, which the name may lack.
func match(arguments []string, name string) string {
	name = filepath.ToSlash(name) + ".args"
	for _, whole := range []bool{true, false} {
		var best string
		tied := false
		for _, candidate := range arguments {
			suffix := candidate
			if !whole {
				_, suffix, _ = strings.Cut(candidate, "/")
			}
			if !strings.HasSuffix(name, "/"+suffix) || len(candidate) < len(best) {
				continue
			}
			tied = len(candidate) == len(best)
			best = candidate
		}
		if best != "" && !tied {
			return best
		}
	}
	return ""
}

// hops returns the absolute paths of a program: the one that the caller used, and each path that it leads to through
// symlinks.
func hops(name string) []string {
	if !strings.ContainsRune(filepath.ToSlash(name), '/') {
		if found, err := exec.LookPath(name); err == nil {
			name = found
		}
	}
	var all []string
	for range maxHops {
		absolute, err := filepath.Abs(name)
		if err != nil {
			break
		}
		all = append(all, absolute)
		target, err := os.Readlink(absolute)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(absolute))
			if err != nil {
				break
			}
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return all
}

// execroot finds Bazel's execution root above a program.
func execroot(names []string) string {
	for _, name := range names {
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if n := strings.LastIndex(filepath.ToSlash(dir), "/bazel-out/"); err == nil && n >= 0 {
			return dir[:n]
		}
	}
	return ""
}
