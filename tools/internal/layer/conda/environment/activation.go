package environment

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
)

// Path returns the directories that an activation puts in front of PATH.
func (env *Environment) Path() []string { return []string{path.Join(env.Prefix, "bin")} }

// Variables returns the variables that an activation sets, in addition to PATH. As for conda, files of packages are read
// in the order of their names, and those of the environment come last; none of them sets PATH.
func (env *Environment) Variables() map[string]string {
	files := make(map[string]map[string]string)
	for _, p := range env.Packages {
		maps.Copy(files, p.Variables)
	}
	all := map[string]string{"CONDA_PREFIX": env.Prefix, "CONDA_SHLVL": "1", "CONDA_DEFAULT_ENV": env.Name}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != conda.StateFile {
			maps.Copy(all, files[name])
		}
	}
	state := files[conda.StateFile]
	for _, name := range slices.Sorted(maps.Keys(state)) {
		all[strings.ToUpper(name)] = state[name]
	}
	delete(all, "PATH")
	return all
}

// script returns the program that runs the scripts of an activation in the order of their names, and starts the program
// that its arguments name.
func (env *Environment) script() string {
	shell := "/bin/sh"
	scripts := make(map[string]string) // by name
	for _, p := range env.Packages {
		for _, script := range p.Activation {
			scripts[script] = path.Join(env.Prefix, script)
		}
		for _, installed := range p.Paths {
			if installed.Path == "bin/bash" {
				shell = path.Join(env.Prefix, installed.Path)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#!%s\n", shell)
	for _, name := range slices.SortedFunc(maps.Keys(scripts), cmp.Compare[string]) {
		fmt.Fprintf(&b, ". '%s'\n", strings.ReplaceAll(scripts[name], "'", `'\''`))
	}
	b.WriteString("exec \"$@\"\n")
	return b.String()
}

// text is a content in memory.
type text string

// Open implements tree.Content.
func (t text) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader([]byte(t))), int64(len(t)), nil
}
