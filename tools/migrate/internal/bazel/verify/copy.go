package verify

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/change"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// copyTo copies the workspace to a new directory, with changes. It leaves out Bazel's links and the history of Git.
func copyTo(dir string, w *model.Workspace, changes []change.Change) error {
	err := filepath.WalkDir(w.Root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(w.Root, name)
		if err != nil {
			return err
		}
		switch to := filepath.Join(dir, relative); {
		case relative == ".git" && entry.IsDir():
			return filepath.SkipDir
		case entry.IsDir():
			return os.Mkdir(to, 0o777)
		case entry.Type() == fs.ModeSymlink:
			return copyLink(name, relative, to)
		case entry.Type().IsRegular():
			return copyFile(name, to)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range w.Files {
		text := f.Text
		if i := slices.IndexFunc(changes, func(c change.Change) bool { return c.File == f }); i >= 0 {
			text = changes[i].Text
		}
		if text, err = relocated(w.Root, f.Name, text); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(f.Name)), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// copyLink copies a symlink. One that leads out of the workspace becomes absolute.
func copyLink(name, relative, to string) error {
	target, err := os.Readlink(name)
	if err != nil {
		return err
	}
	if strings.HasPrefix(relative, "bazel-") {
		return nil
	}
	if !filepath.IsAbs(target) && !filepath.IsLocal(filepath.Join(filepath.Dir(relative), target)) {
		target = filepath.Join(filepath.Dir(name), target)
	}
	return os.Symlink(target, to)
}

// copyFile copies a file and whether it is executable.
func copyFile(name, to string) (err error) {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}

// relocated makes the paths of modules and repositories outside of the workspace absolute, because a copy is elsewhere.
func relocated(root, name string, text []byte) ([]byte, error) {
	f, err := model.Parse(name, text, nil)
	if err != nil {
		return nil, err
	}
	var edits edit.List
	for _, c := range f.Calls {
		value, ok := c.Text("path")
		if !ok || filepath.IsAbs(value) || filepath.IsLocal(value) || !slices.Contains([]string{"local_path_override", "local_repository", "new_local_repository"}, c.Kind()) {
			continue
		}
		edits.Replace(c.Attr("path").Value, fmt.Sprintf("%q", filepath.ToSlash(filepath.Join(root, value))))
	}
	return edit.Apply(text, edits)
}
