package main

import (
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// directory adds a tree. One that is put at the root brings what it holds, not the root itself.
func (in *inputs) directory(path, src string) error {
	path, err := tree.Clean(path)
	if err != nil {
		return fmt.Errorf("image path: %w", err)
	}
	given := in.given
	in.pending = append(in.pending, func(*disk) error { return in.walk(path, src, given) })
	return nil
}

// outputs is where Bazel gives actions what other actions made.
const outputs = "bazel-out/"

// walk adds what is in the directory src, and that itself unless path is the root.
//
// Of a directory that an action made, those directories are left out that hold nothing: Bazel does not know of them.
// It shows them to an action outside a sandbox, on the machine that made them, and neither in a sandbox nor after it
// got the directory from a cache. The layer must not depend on that.
func (in *inputs) walk(path, src string, given given) error {
	keep := !strings.HasPrefix(src, outputs)
	var empty []tree.Entry // the directories around the visit's place that hold nothing so far, the outermost first
	return source.Walk(src, func(name string, e tree.Entry) error {
		if name == "" && path == "/" {
			return nil
		}
		given.giveTo(&e)
		if e.Kind == tree.Dir {
			e.Mode = 0 // what is given is for files
			e.Implied = true
		}
		e.Path = path + "/" + name
		if e.Kind == tree.Dir && name != "" && !keep {
			empty = append(around(empty, e.Path), e)
			return nil
		}
		for _, dir := range around(empty, e.Path) {
			if err := in.tree.Add(dir); err != nil {
				return err
			}
		}
		empty = nil
		return in.tree.Add(e)
	})
}

// around returns those directories that the path is in, which come first.
func around(dirs []tree.Entry, path string) []tree.Entry {
	for i, dir := range dirs {
		if !strings.HasPrefix(path, dir.Path+"/") {
			return dirs[:i]
		}
	}
	return dirs
}
