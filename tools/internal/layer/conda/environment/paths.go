package environment

import (
	"errors"
	"fmt"
	"path"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
)

// ErrClobber is returned for packages that have different files with the same path.
var ErrClobber = errors.New("two packages have different files with the same path")

// maxProblems is how many problems with paths are listed.
const maxProblems = 20

// place is what an environment has at a path.
type place struct {
	conda.Path
	owner   string
	implied bool // it is a directory that a package needs for its files
}

// paths collects the paths of an environment.
type paths struct {
	places   map[string]place
	keepLast bool
	problems []error
	more     int
}

// checkPaths rejects packages whose paths do not go together, with each other or with the environment's own files.
func (env *Environment) checkPaths(own []file) error {
	all := paths{places: make(map[string]place), keepLast: env.KeepLast}
	for _, p := range env.Packages {
		for _, installed := range p.Paths {
			all.add(installed, p.Name)
		}
	}
	all.keepLast = false
	for _, f := range own {
		all.add(conda.Path{Path: f.path, Type: conda.TypeFile, Mode: f.mode}, owner)
	}
	if all.more > 0 {
		all.problems = append(all.problems, fmt.Errorf("and %d more", all.more))
	}
	return errors.Join(all.problems...)
}

// add adds a path of a package, and the directories that it needs.
func (a *paths) add(p conda.Path, owner string) {
	for dir := path.Dir(p.Path); dir != "."; dir = path.Dir(dir) {
		there, ok := a.places[dir]
		if !ok {
			a.places[dir] = place{conda.Path{Path: dir, Type: conda.TypeDirectory}, owner, true}
			continue
		}
		if there.Type != conda.TypeDirectory {
			a.refuse("%s is a %s in %s, but %s has %s: a layer would replace the %s",
				dir, there.Type, there.owner, owner, p.Path, there.Type)
		}
		break // Its parents are there.
	}
	there, ok := a.places[p.Path]
	switch {
	case !ok, there.implied && p.Type == conda.TypeDirectory:
	case there.Type == conda.TypeDirectory && p.Type != conda.TypeDirectory,
		there.Type != conda.TypeDirectory && p.Type == conda.TypeDirectory:
		a.refuse("%s is a %s in %s and a %s in %s: a layer would hide the directory",
			p.Path, there.Type, there.owner, p.Type, owner)
		return
	case there.Type != p.Type || there.SHA256 != p.SHA256 || there.Target != p.Target:
		if !a.keepLast {
			a.refuse("%w: %s of %s and %s", ErrClobber, p.Path, there.owner, owner)
		}
	}
	a.places[p.Path] = place{p, owner, false}
}

func (a *paths) refuse(format string, args ...any) {
	if len(a.problems) == maxProblems {
		a.more++
		return
	}
	a.problems = append(a.problems, fmt.Errorf(format, args...))
}
