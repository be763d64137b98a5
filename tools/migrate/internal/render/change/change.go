// Package change has the files that change. It prints and writes them.
package change

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Change is a file with its new content.
type Change struct {
	File *model.File
	Text []byte
}

// Write replaces the files, MODULE.bazel last.
func Write(root string, changes []Change) error {
	for _, module := range []bool{false, true} {
		for _, c := range changes {
			if (c.File.Tree.Type == build.TypeModule) != module {
				continue
			}
			if err := replace(root, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace writes a file next to the old one, and renames it. A symlink that has taken the place of the file or of one of its
// directories is not followed.
func replace(dir string, c Change) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.FromSlash(c.File.Name)
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: the file is not a regular file any more", c.File.Name)
	}
	temporary := name + ".migrate.tmp"
	out, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = out.Write(c.Text)
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = root.Chmod(temporary, info.Mode().Perm())
	}
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		_ = root.Remove(temporary)
	}
	return err
}
