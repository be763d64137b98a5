package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// maxFile bounds the size of a file that is read.
const maxFile = 8 << 20

// workspace is all Starlark files below a directory, and the targets that they declare.
type workspace struct {
	root   string
	files  []*file
	byName map[string]*file
	// targets has the calls of rules that are translated, by call.key of their names.
	targets map[string]*call
	// aliases has all targets of an alias that selects one.
	aliases map[string][]*call
	// computed has the aliases of other targets, which macros may declare.
	computed map[string]*call
	// programs has the labels of targets whose only file has the target's name.
	programs map[string]bool
	// declared has the other targets of BUILD files, and repositories those of http_file.
	declared, repositories map[string]*call
	// called has the calls of macros that were looked up.
	called map[*build.DefStmt][]caller
	pulls  []*call // those whose names are computed
	// sources has the labels that replace others at boundaries.
	sources map[build.Expr]string
	// unread lists files that cannot be parsed.
	unread []error
	// nested lists workspaces in directories of this one, whose labels mean something else.
	nested []string
	setup  []string
	// pins has what --pin found, by name and tag. unpinned lists those that it can look up.
	pins     map[string]pin
	unpinned []string
}

func newWorkspace(root string) *workspace {
	return &workspace{root: root, byName: map[string]*file{}, targets: map[string]*call{}, aliases: map[string][]*call{}, computed: map[string]*call{}, declared: map[string]*call{}, repositories: map[string]*call{}, programs: map[string]bool{}, called: map[*build.DefStmt][]caller{}, sources: map[build.Expr]string{}}
}

// open reads the files of a workspace. Only regular files are read: nothing behind a symlink, and so nothing outside.
func open(root string, find findFunc) (*workspace, error) {
	w := newWorkspace(root)
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
				w.nested = append(w.nested, filepath.ToSlash(relative))
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !isStarlark(entry.Name()) {
			return nil
		}
		return w.read(name, filepath.ToSlash(relative), find)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return w, nil
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

func isStarlark(name string) bool {
	switch name {
	case "BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod":
		return true
	}
	return strings.HasSuffix(name, ".bzl") || strings.HasSuffix(name, "MODULE.bazel")
}

func (w *workspace) read(name, relative string, find findFunc) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if info.Size() > maxFile {
		w.unread = append(w.unread, fmt.Errorf("%s: the file has more than %d bytes", relative, maxFile))
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	f, err := parse(relative, text, find)
	if err != nil {
		w.unread = append(w.unread, err)
		return nil
	}
	w.add(f)
	return nil
}

func (w *workspace) add(f *file) {
	f.workspace = w
	w.files = append(w.files, f)
	w.byName[f.name] = f
}

// singleFile are rules whose only default output has the name of the target.
var singleFile = []string{"go_binary", "cc_binary", "rust_binary", "cc_static_binary", "sh_binary", "go_test", "cc_test", "rust_test"}

// index finds the targets.
func index(w *workspace) {
	w.findAdapters()
	for _, f := range w.files {
		for _, c := range f.calls {
			name := c.attr("name")
			if name == nil {
				continue
			}
			if text, ok := pattern(name.value); ok {
				f.taken[text] = true
			}
			literal, _ := c.text("name")
			if literal != "" && f.isBuild() && c.rule == nil {
				w.declared[f.label(literal)] = c
			}
			if c.kind() == "http_file" {
				w.repositories[literal] = c
			}
			switch {
			case c.rule != nil && c.rule.role == pull && literal == "":
				w.pulls = append(w.pulls, c)
			case c.rule != nil && c.rule.role == pull:
				w.targets["@"+literal] = c
			case c.rule != nil:
				if key, ok := c.target(); ok {
					w.targets[key] = c
				}
			case literal != "" && f.isBuild() && slices.Contains(singleFile, c.kind()) && c.attr("basename") == nil && c.attr("out") == nil && c.attr("binary_name") == nil:
				w.programs[f.label(literal)] = true
			case literal != "" && f.isBuild() && c.kind() == "genrule":
				if outs := c.attr("outs"); outs != nil {
					for _, out := range allStrings(outs.value) {
						w.programs[f.label(out)] = true
					}
				}
			}
		}
	}
	w.indexAliases()
}

// choose selects the files to rewrite: those named, and all below a directory that is named.
func (w *workspace) choose(paths []string) error {
	for _, p := range paths {
		found := false
		for _, f := range w.files {
			if p == "." || f.name == p || strings.HasPrefix(f.name, p+"/") {
				f.chosen, found = true, true
			}
		}
		if !found {
			return fmt.Errorf("%s: no BUILD, .bzl, MODULE.bazel or WORKSPACE file of the workspace is there", p)
		}
	}
	return nil
}

// calls returns the calls of rules of other rulesets.
func (w *workspace) calls() []*call {
	var all []*call
	for _, f := range w.files {
		for _, c := range f.calls {
			if c.rule != nil {
				all = append(all, c)
			}
		}
	}
	return all
}
