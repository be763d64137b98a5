package conda

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// The places of files that an activation reads.
const (
	activateDir  = "etc/conda/activate.d"
	variablesDir = "etc/conda/env_vars.d"
	// StateFile has the variables of the environment itself.
	StateFile = "conda-meta/state"
)

// unset is the value of a variable that an activation leaves alone, as is null.
const unset = "***unset***"

// maxVariables bounds a file with variables, in bytes.
const maxVariables = 1 << 20

// addActivation completes the facts about what an activation reads and runs, and about link scripts.
func (i *installer) addActivation() error {
	f := &i.result.Facts
	scripts := linkScripts(f.Name)
	for n, p := range f.Paths {
		dir := path.Dir(p.Path)
		switch {
		case slices.Contains(scripts, p.Path):
			f.LinkScripts = append(f.LinkScripts, p.Path)
		case dir == activateDir && strings.HasSuffix(p.Path, ".sh"):
			f.Activation = append(f.Activation, p.Path)
		case p.Type == TypeFile && (dir == variablesDir || p.Path == StateFile):
			variables, err := readVariables(i.result.Entries[n].Content, p.Path)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Path, err)
			}
			if f.Variables == nil {
				f.Variables = make(map[string]map[string]string)
			}
			f.Variables[p.Path] = variables
		}
	}
	slices.Sort(f.LinkScripts)
	slices.Sort(f.Activation)
	return nil
}

// linkScripts returns the places of the scripts that conda runs for a package.
func linkScripts(name string) []string {
	var all []string
	for _, action := range []string{"pre-link", "post-link", "pre-unlink"} {
		all = append(all, "bin/."+name+"-"+action+".sh")
	}
	return all
}

// readVariables reads a file with environment variables. That of the environment has them under a key.
func readVariables(c tree.Content, place string) (map[string]string, error) {
	data, err := readContent(c, maxVariables)
	if err != nil {
		return nil, err
	}
	var variables map[string]*string
	if place == StateFile {
		var state struct {
			Variables map[string]*string `json:"env_vars"`
		}
		err = oci.Unmarshal(data, &state)
		variables = state.Variables
	} else {
		err = oci.Unmarshal(data, &variables)
	}
	if err != nil {
		return nil, err
	}
	set := make(map[string]string)
	for name, value := range variables {
		if value != nil && *value != unset {
			set[name] = *value
		}
	}
	return set, nil
}
