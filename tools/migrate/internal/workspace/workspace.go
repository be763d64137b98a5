// Package workspace finds a workspace, and reads its files.
package workspace

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Open reads the files of a workspace. Only regular files are read: nothing behind a symlink, and so nothing outside.
func Open(root string, find model.FindFunc) (*model.Workspace, error) {
	w := model.NewWorkspace(root)
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if relative != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules") {
				return filepath.SkipDir
			}
			if relative != "." && isWorkspace(name) {
				w.Nested = append(w.Nested, filepath.ToSlash(relative))
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !isStarlark(entry.Name()) {
			return nil
		}
		return read(w, name, filepath.ToSlash(relative), find)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.Files, func(a, b *model.File) int { return strings.Compare(a.Name, b.Name) })
	return w, nil
}

func isStarlark(name string) bool {
	switch name {
	case "BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod":
		return true
	}
	return strings.HasSuffix(name, ".bzl") || strings.HasSuffix(name, "MODULE.bazel")
}

func read(w *model.Workspace, name, relative string, find model.FindFunc) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if info.Size() > model.MaxFile {
		w.Unread = append(w.Unread, fmt.Errorf("%s: the file has more than %d bytes", relative, model.MaxFile))
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f, err := model.Parse(relative, text, find)
	if err != nil {
		w.Unread = append(w.Unread, err)
		return nil
	}
	w.Add(f)
	return nil
}

// Choose selects the files to rewrite: those named, and all below a directory that is named.
func Choose(w *model.Workspace, paths []string) error {
	for _, p := range paths {
		found := false
		for _, f := range w.Files {
			if p == "." || f.Name == p || strings.HasPrefix(f.Name, p+"/") {
				f.Chosen, found = true, true
			}
		}
		if !found {
			return fmt.Errorf("%s: no BUILD, .bzl, MODULE.bazel or WORKSPACE file of the workspace is there", p)
		}
	}
	return nil
}
