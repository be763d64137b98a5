package main

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// outputs returns label -> base name for the files of a target, as far as the workspace shows them: source files, programs,
// outputs of genrules, filegroups of these, and files that repository rules download. A program of another repository has
// the name of its target.
func (c *call) outputs(value build.Expr) (map[string]string, bool) {
	s, ok := value.(*build.StringExpr)
	if !ok {
		return c.computedOutput(value)
	}
	all, known := c.file.workspace.outputs(c.file, s.Value, 0)
	if known && isExternal(s.Value) {
		c.note("the file of %s is expected to have the name %s", s.Value, all[s.Value])
	}
	return all, known
}

// computedOutput is outputs for a label that a macro or a loop computes: it must be that of a program in the same place.
func (c *call) computedOutput(value build.Expr) (map[string]string, bool) {
	key, ok := c.key(value)
	if !ok {
		return nil, false
	}
	for _, other := range c.file.calls {
		if other.rule != nil || other.scope != c.scope || !slices.Contains(singleFile, strings.TrimPrefix(other.kind(), "native.")) {
			continue
		}
		if name := other.attr("name"); name != nil {
			if own, ok := other.key(name.value); ok && own == key {
				return map[string]string{computed(c.file.source(value)): computed(c.file.source(name.value))}, true
			}
		}
	}
	return nil, false
}

// computed marks text that is an expression of Starlark, and not a string.
func computed(text string) string { return "\x00" + text }

// quoted returns a string as Starlark, in which a computed text is an expression.
func quoted(text string) string {
	before, expression, ok := strings.Cut(text, "\x00")
	switch {
	case !ok:
		return strconv.Quote(text)
	case before == "":
		return expression
	}
	return strconv.Quote(before) + " + " + expression
}

func (w *workspace) outputs(f *file, label string, depth int) (map[string]string, bool) {
	if isExternal(label) {
		return w.externalOutput(label)
	}
	if !f.isBuild() || depth > 4 {
		return nil, false
	}
	key := f.label(label)
	if w.isSource(key) || w.programs[key] {
		_, name, _ := strings.Cut(key, ":")
		return map[string]string{label: path.Base(name)}, true
	}
	target := w.declared[key]
	if target == nil {
		_, name, _ := strings.Cut(key, ":")
		return map[string]string{label: path.Base(name)}, w.isUndeclared(key)
	}
	switch target.kind() {
	case "genrule":
		if outs := target.strings("outs"); len(outs) == 1 {
			return map[string]string{label: path.Base(outs[0])}, true
		}
	case "write_file", "expand_template", "copy_file":
		if out, ok := target.text("out"); ok {
			return map[string]string{label: path.Base(out)}, true
		}
	case "filegroup":
		if target.attr("output_group") != nil || !onlyStrings(target.attr("srcs")) {
			return nil, false
		}
		all := map[string]string{}
		for _, src := range target.strings("srcs") {
			if target.file != f {
				if src = target.file.label(src); isExternal(src) {
					return nil, false
				}
			}
			more, ok := w.outputs(f, src, depth+1)
			if !ok {
				return nil, false
			}
			for label, base := range more {
				all[label] = base
			}
		}
		return all, len(all) > 0
	}
	return nil, false
}

// isUndeclared reports whether no rule or macro of a package can declare a target: its label is that of a source file or a
// directory, which need not exist in this checkout.
func (w *workspace) isUndeclared(key string) bool {
	pkg, name, _ := strings.Cut(strings.TrimPrefix(key, "//"), ":")
	found := false
	for _, f := range w.files {
		if !f.isBuild() || f.pkg() != pkg {
			continue
		}
		found = true
		for _, c := range f.calls {
			a := c.attr("name")
			loaded := slices.ContainsFunc(f.loads, func(load *build.LoadStmt) bool {
				return !strings.HasPrefix(load.Module.Value, "@rules_strata//") &&
					slices.ContainsFunc(load.To, func(to *build.Ident) bool { return to.Name == c.kind() })
			})
			switch {
			case c.rule == nil && loaded:
				return false // perhaps a macro
			case a != nil:
				if text, known := pattern(a.value); !known && c.rule == nil || known && overlap(glob(text), name) && strings.Trim(glob(text), "*") != "" {
					return false
				}
			}
		}
	}
	return found
}

// isSource reports whether a label is that of a source file.
func (w *workspace) isSource(key string) bool {
	pkg, name, _ := strings.Cut(strings.TrimPrefix(key, "//"), ":")
	info, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(pkg), filepath.FromSlash(name)))
	return err == nil && info.Mode().IsRegular()
}

// externalOutput returns the file of a label in another repository: that of an http_file, or one with the target's name.
func (w *workspace) externalOutput(label string) (map[string]string, bool) {
	repository, rest, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	pkg, name, named := strings.Cut(rest, ":")
	if pkg == "file" && (!named || name == "file") {
		declared := w.repositories[repository]
		if declared == nil {
			return nil, false
		}
		name, given := declared.text("downloaded_file_path")
		if !given {
			name = "downloaded"
		}
		return map[string]string{label: path.Base(name)}, declared.attr("downloaded_file_path") == nil || given
	}
	if pkg == "file" {
		return map[string]string{label: path.Base(name)}, true
	}
	return map[string]string{label: path.Base(name)}, named
}

// strings returns the strings of a list.
func (c *call) strings(name string) []string {
	a := c.attr(name)
	if a == nil {
		return nil
	}
	return allStrings(a.value)
}

// onlyStrings reports whether an attribute is a list of strings.
func onlyStrings(a *attr) bool {
	if a == nil {
		return false
	}
	list, ok := a.value.(*build.ListExpr)
	return ok && !slices.ContainsFunc(list.List, func(x build.Expr) bool { _, ok := x.(*build.StringExpr); return !ok })
}
