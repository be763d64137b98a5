package layers

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/outputs"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Flattened returns path -> label of files that rules_docker and pkg_tar put into a directory by their base names.
func Flattened(c *model.Call, name, directory string) (map[string]string, bool) {
	a := c.Attr(name)
	if a == nil {
		return nil, true
	}
	if passesFiles(c, a) {
		group := c.FreeName("_files")
		c.Generate("filegroup", group, model.Settings{"srcs": c.File.Source(a.Value)})
		c.Note("the files in %s are expected directly in their packages: they keep directories below them", c.File.Source(a.Value))
		return map[string]string{strings.TrimSuffix(directory, "/") + "/": format.Computed(c.Ref(group))}, true
	}
	all, complete := expr.Items(a.Value)
	if _, plain := a.Value.(*build.ListExpr); !complete || !plain {
		c.Refuse(name, "not-literal", "the files are not a list of labels", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	paths := map[string]string{}
	folder := "" // the label whose files go into the directory
	for _, value := range all {
		names, known := filesOf(c, value)
		if label, literal := value.(*build.StringExpr); !known && literal && folder == "" && c.Rule.Ruleset == "rules_docker" && (c.Rule.Role == model.Image || OnlyFiles(c)) {
			folder = label.Value
			paths[strings.TrimSuffix(directory, "/")+"/"] = folder
			c.Note("the files of %s are expected directly in its package: they keep directories below it", c.File.Source(value))
			continue
		}
		if !known {
			c.Refuse(name, "unknown-files", fmt.Sprintf("the names of the files of %s are only known to Bazel", c.File.Source(value)),
				"write files = {PATH: LABEL} of an image_layer")
			return nil, false
		}
		for _, label := range slices.Sorted(maps.Keys(names)) {
			at := path.Join(directory, names[label])
			if _, twice := paths[at]; twice {
				c.Refuse(name, "duplicate", "two files have the path "+at, "rename one of them")
				return nil, false
			}
			paths[at] = label
		}
	}
	return paths, true
}

// filesOf is [outputs.Of], also for a parameter of a macro: if each caller passes the label of one file that has the name of its
// target, the name is that of the label.
func filesOf(c *model.Call, value build.Expr) (map[string]string, bool) {
	name, ok := value.(*build.Ident)
	if !ok || !expr.IsParameter(c.Scope, name.Name) {
		return outputs.Of(c, value)
	}
	callers := c.File.Workspace.Callers(c.Scope)
	for _, from := range callers {
		label, literal := from.Args[name.Name].(*build.StringExpr)
		if !literal || mayTranslate(from.Call, label) {
			return nil, false
		}
		files, known := outputs.Of(from.Call, label)
		_, target := model.Split(from.Call.File.Label(label.Value))
		if !known || len(files) != 1 || files[label.Value] != path.Base(target) {
			return nil, false
		}
	}
	label := format.Computed(name.Name)
	return map[string]string{label: format.Computed("native.package_relative_label(" + name.Name + ").name.rpartition(\"/\")[2]")}, len(callers) > 0
}

// passesFiles reports whether a macro gets the files of a layer from its callers, and each of them passes on some, but not an
// image or a layer, whose files are others in rules_strata.
func passesFiles(c *model.Call, a *model.Attr) bool {
	name, ok := a.Value.(*build.Ident)
	if !ok || !expr.IsParameter(c.Scope, name.Name) || c.Rule.Ruleset != "rules_docker" || c.Rule.Role == model.Layer && !OnlyFiles(c) {
		return false
	}
	for _, from := range c.File.Workspace.Callers(c.Scope) {
		labels, complete := expr.Items(from.Args[name.Name])
		if !complete || len(labels) == 0 || slices.ContainsFunc(labels, func(x build.Expr) bool { return mayTranslate(from.Call, x) }) {
			return false
		}
	}
	return true
}

// mayTranslate reports whether a label may be that of a target that is translated, or of one of its files.
func mayTranslate(c *model.Call, x build.Expr) bool {
	key, ok := c.Key(x)
	if _, literal := x.(*build.StringExpr); !literal || !ok {
		return true
	}
	targets := c.File.Workspace.Targets
	return targets[key] != nil || slices.ContainsFunc(outputs.Besides, func(suffix string) bool {
		name, ok := strings.CutSuffix(key, suffix)
		return ok && targets[name] != nil
	})
}

// OnlyFiles reports whether a layer of rules_docker has nothing but files, so that their mode applies to all of it.
func OnlyFiles(c *model.Call) bool {
	return c.Attr("tars") == nil && c.Attr("debs") == nil && c.Attr("empty_files") == nil
}
