package workspace

import (
	"fmt"
	"os"
	"path/filepath"
)

// FindRoot returns the workspace and the working directory. Bazel starts programs elsewhere and names both in the
// environment.
func FindRoot(root string) (workspace, here string, err error) {
	here = os.Getenv("BUILD_WORKING_DIRECTORY")
	if here == "" {
		if here, err = os.Getwd(); err != nil {
			return "", "", err
		}
	}
	if root == "" {
		root = os.Getenv("BUILD_WORKSPACE_DIRECTORY")
	}
	if root != "" {
		if !filepath.IsAbs(root) {
			root = filepath.Join(here, root)
		}
		root, err = filepath.EvalSymlinks(root)
		return root, here, err
	}
	if here, err = filepath.EvalSymlinks(here); err != nil {
		return "", "", err
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if isWorkspace(dir) {
			return dir, here, nil
		}
		if dir == filepath.Dir(dir) {
			return "", "", fmt.Errorf("%s: no workspace contains this directory; set --workspace", here)
		}
	}
}

// Inside returns the path of a file relative to the workspace. Files outside, also behind symlinks, are errors.
func Inside(root, here, name string) (string, error) {
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(here, full)
	}
	real, err := filepath.EvalSymlinks(full)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(root, real)
	if err != nil || !filepath.IsLocal(relative) {
		return "", fmt.Errorf("%s: the file is outside of the workspace %s", name, root)
	}
	return filepath.ToSlash(relative), nil
}

// isWorkspace reports whether a directory is the root of a workspace.
func isWorkspace(dir string) bool {
	for _, name := range []string{"MODULE.bazel", "WORKSPACE", "WORKSPACE.bazel", "REPO.bazel"} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}
