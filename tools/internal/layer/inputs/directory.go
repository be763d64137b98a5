package inputs

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// outputs is where Bazel gives actions what other actions made.
const outputs = "bazel-out/"

// cleanPlace returns the clean path of a directory's place in the image.
func cleanPlace(path string) (string, error) {
	clean, err := tree.Clean(path)
	if err != nil {
		return "", fmt.Errorf("image path: %w", err)
	}
	return clean, nil
}

// walk adds what is in a directory, and the directory itself unless its place is the root.
//
// From a directory that an action made it leaves out the directories that hold nothing, because Bazel does not record them:
// they are there outside a sandbox on the machine where the action ran, but neither in a sandbox nor once the directory
// comes from a cache. The layer must not depend on that.
func (r *reader) walk(in Input) error {
	path, err := cleanPlace(in.Path)
	if err != nil {
		return err
	}
	keep := !strings.HasPrefix(in.Source, outputs)
	var empty []tree.Entry // the directories around the current entry that hold nothing so far, the outermost first
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

// around returns the directories that the path is in, which come first.
func around(dirs []tree.Entry, path string) []tree.Entry {
	for i, dir := range dirs {
		if !strings.HasPrefix(path, dir.Path+"/") {
			return dirs[:i]
		}
	}
	return dirs
}
