package inputs

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// outputs is the directory in which Bazel presents the outputs of other actions.
const outputs = "bazel-out/"

// cleanPlace returns the clean image path of a directory.
func cleanPlace(path string) (string, error) {
	clean, err := tree.Clean(path)
	if err != nil {
		return "", fmt.Errorf("image path: %w", err)
	}
	return clean, nil
}

// walk adds the contents of a directory, and the directory itself unless its place is the root.
//
// It omits empty directories from a directory that an action made, because Bazel does not record them: they exist outside
// a sandbox on the machine where the action ran, but neither in a sandbox nor after the directory comes from a cache.
// The layer must not depend on that.
func (r *reader) walk(in Input) error {
	path, err := cleanPlace(in.Path)
	if err != nil {
		return err
	}
	keep := !strings.HasPrefix(in.Source, outputs)
	var empty []tree.Entry // the empty directories around the current entry so far, the outermost first
	return source.Walk(in.Source, func(name string, e tree.Entry) error {
		if name == "" && path == "/" {
			return nil
		}
		in.Given.giveTo(&e)
		if e.Kind == tree.Dir {
			e.Mode = 0 // the given mode is for files
			e.Implied = true
		}
		e.Path = path + "/" + name
		if e.Kind == tree.Dir && name != "" && !keep {
			empty = append(around(empty, e.Path), e)
			return nil
		}
		for _, dir := range around(empty, e.Path) {
			if err := r.tree.Add(dir); err != nil {
				return err
			}
		}
		empty = nil
		return r.tree.Add(e)
	})
}

// around returns the preceding directories that contain the path.
func around(dirs []tree.Entry, path string) []tree.Entry {
	for i, dir := range dirs {
		if !strings.HasPrefix(path, dir.Path+"/") {
			return dirs[:i]
		}
	}
	return dirs
}
