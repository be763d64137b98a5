// Package outputs knows which files a label has, as far as the workspace shows it.
package outputs

import (
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Of returns label -> base name for the files of a target, as far as the workspace shows them: source files, programs,
// outputs of genrules, filegroups of these, and files that repository rules download. A program of another repository has
// the name of its target.
func Of(c *model.Call, value build.Expr) (map[string]string, bool) {
	s, ok := value.(*build.StringExpr)
	if !ok {
		return computedOutput(c, value)
	}
	all, known := ofLabel(c.File.Workspace, c.File, s.Value, 0)
	if known && model.IsExternal(s.Value) {
		c.Note("the file of %s is expected to have the name %s", s.Value, all[s.Value])
	}
	return all, known
}

// computedOutput is Of for a label that a macro or a loop computes: it must be that of a program in the same place.
func computedOutput(c *model.Call, value build.Expr) (map[string]string, bool) {
	key, ok := c.Key(value)
	if !ok {
		return nil, false
	}
	for _, other := range c.File.Calls {
		if other.Rule != nil || other.Scope != c.Scope || !slices.Contains(SingleFile, strings.TrimPrefix(other.Kind(), "native.")) {
			continue
		}
		if name := other.Attr("name"); name != nil {
			if own, ok := other.Key(name.Value); ok && own == key {
				return map[string]string{format.Computed(c.File.Source(value)): format.Computed(c.File.Source(name.Value))}, true
			}
		}
	}
	return nil, false
}

func ofLabel(w *model.Workspace, f *model.File, label string, depth int) (map[string]string, bool) {
	if model.IsExternal(label) {
		return externalOutput(w, label)
	}
	if !f.IsBuild() || depth > 4 {
		return nil, false
	}
	key := f.Label(label)
	if IsSource(w, key) || w.Programs[key] {
		_, name, _ := strings.Cut(key, ":")
		return map[string]string{label: path.Base(name)}, true
	}
	target := w.Declared[key]
	if target == nil {
		_, name, _ := strings.Cut(key, ":")
		return map[string]string{label: path.Base(name)}, IsUndeclared(w, key)
	}
	switch target.Kind() {
	case "genrule":
		if outs := target.Strings("outs"); len(outs) == 1 {
			return map[string]string{label: path.Base(outs[0])}, true
		}
	case "write_file", "expand_template", "copy_file":
		if out, ok := target.Text("out"); ok {
			return map[string]string{label: path.Base(out)}, true
		}
	case "filegroup":
		if target.Attr("output_group") != nil || !model.OnlyStrings(target.Attr("srcs")) {
			return nil, false
		}
		all := map[string]string{}
		for _, src := range target.Strings("srcs") {
			if target.File != f {
				if src = target.File.Label(src); model.IsExternal(src) {
					return nil, false
				}
			}
			more, ok := ofLabel(w, f, src, depth+1)
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

// externalOutput returns the file of a label in another repository: that of an http_file, or one with the target's name.
func externalOutput(w *model.Workspace, label string) (map[string]string, bool) {
	repository, rest, _ := strings.Cut(strings.TrimLeft(label, "@"), "//")
	pkg, name, named := strings.Cut(rest, ":")
	if pkg == "file" && (!named || name == "file") {
		declared := w.Repositories[repository]
		if declared == nil {
			return nil, false
		}
		name, given := declared.Text("downloaded_file_path")
		if !given {
			name = "downloaded"
		}
		return map[string]string{label: path.Base(name)}, declared.Attr("downloaded_file_path") == nil || given
	}
	if pkg == "file" {
		return map[string]string{label: path.Base(name)}, true
	}
	return map[string]string{label: path.Base(name)}, named
}

// SingleFile are rules whose only default output has the name of the target.
var SingleFile = []string{"go_binary", "cc_binary", "rust_binary", "cc_static_binary", "sh_binary", "go_test", "cc_test", "rust_test"}

// Besides are the ends of the names of files that rules declare beside their targets.
var Besides = []string{".digest", ".tar", ".sha256", "-layer.tar", ".json.sha256"}
