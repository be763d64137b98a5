// Package environment makes an environment of installed Conda packages: it checks that they go together, and computes what
// an activation of the environment would set.
//
// Each package, or group of packages, is a layer, and a layer replaces paths of the layers below. That is not always what
// Conda does when it installs one package after the other into a directory: a layer with a file where a lower one has a
// directory hides the whole directory, and a path through a symlink of a lower layer replaces the symlink. Such
// environments are refused.
//
// The package reads facts only, never the packages. Non-goals: dependencies, versions and platforms, which the solver has
// checked.
package environment

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Environment is a set of installed packages.
type Environment struct {
	Prefix string
	Name   string
	// Packages are in the order of their layers, the lowest first.
	Packages []conda.Facts
	// KeepLast allows packages to have different files with the same path: the last one wins.
	KeepLast bool
	// Activation states what happens to scripts of an activation.
	Activation Activation
}

// Activation is a policy for the shell scripts that packages have for an activation.
type Activation string

// The policies. The values are those of the rules' attribute.
const (
	Refuse Activation = "error"  // such scripts are errors
	Ignore Activation = "ignore" // they are not run
	Shell  Activation = "shell"  // a program runs them and starts another one
)

// ParseActivation returns the policy that the rules' attribute names.
func ParseActivation(name string) (Activation, error) {
	switch a := Activation(name); a {
	case Refuse, Ignore, Shell:
		return a, nil
	}
	return "", fmt.Errorf("%q: expected error, ignore or shell", name)
}

// The paths that the environment itself has, relative to the prefix.
const (
	history = "conda-meta/history"
	// Entrypoint is the program that runs the scripts of an activation.
	Entrypoint = "bin/conda-entrypoint"
)

// ErrActivation is returned for packages with scripts that nothing would run.
var ErrActivation = errors.New("scripts of an activation, which an image does not run")

// Entries checks the environment, and returns the entries of its own layer, which comes above those of the packages.
func (env *Environment) Entries() ([]*tree.Entry, error) {
	if err := env.checkScripts(); err != nil {
		return nil, err
	}
	all := []file{{history, 0o644, ""}} // without it, conda does not accept the directory as an environment
	if env.Activation == Shell {
		all = append(all, file{Entrypoint, 0o755, env.script()})
	}
	if err := env.checkPaths(all); err != nil {
		return nil, err
	}
	var b tree.Builder
	for _, f := range all {
		if err := b.Add(tree.Entry{
			Path: path.Join(env.Prefix, f.path), Mode: tree.Perm(f.mode), Content: text(f.text), Origin: owner,
		}); err != nil {
			return nil, err
		}
	}
	return b.Build()
}

// owner names the environment in messages about paths.
const owner = "the environment"

// file is a file of the environment itself.
type file struct {
	path string
	mode uint32
	text string
}

// checkScripts rejects scripts that would not run.
func (env *Environment) checkScripts() error {
	if env.Activation != Refuse {
		return nil
	}
	var found []string
	for _, p := range env.Packages {
		for _, script := range p.Activation {
			found = append(found, fmt.Sprintf("%s (%s)", script, p.Name))
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %s", ErrActivation, strings.Join(found, ", "))
	}
	return nil
}
