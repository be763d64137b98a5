package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// dockerOwn are the attributes of container_image and container_layer that make a layer. dockerLayer reads them.
var dockerOwn = map[string]action{
	"files": later, "directory": later, "tars": later, "debs": later, "symlinks": later, "empty_dirs": later, "empty_files": later, "mode": later,
}

// dockerPacking are their attributes that say how to pack it.
var dockerPacking = map[string]action{
	"compression":                 drop("compression and its level are those of the build, or of image_layer"),
	"compression_options":         drop("compression and its level are those of the build, or of image_layer"),
	"experimental_tarball_format": drop(""),
	"enable_mtime_preservation":   always("False", "files have a fixed time"),
	"portable_mtime":              drop("files have a fixed time, 1970-01-01"),
	"data_path":                   refuse("data-path", "files keep directories below data_path", "write files = {PATH: LABEL} of an image_layer"),
}

// dockerLayer puts the files of a container_image into a layer on top of its layers, and those of a container_layer into
// the layer itself.
func dockerLayer(c *call, _ *attr) {
	var own []setting
	add := func(name, text string) { own = append(own, setting{name, text}) }
	directory := "/"
	if a := c.attr("directory"); a != nil {
		s, ok := a.value.(*build.StringExpr)
		if !ok {
			c.refuse("directory", "not-literal", "the directory is not a literal", "write the path")
			return
		}
		directory = path.Join("/", s.Value)
	}
	paths, ok := c.flattened("files", directory)
	if !ok {
		return
	}
	var tops []string
	if len(paths) > 0 {
		mode := "0555"
		if s, ok := c.text("mode"); ok {
			mode = s
		} else if c.attr("mode") != nil {
			c.refuse("mode", "not-literal", "the mode is not a literal", "write the mode")
			return
		}
		// A mode of all files of a label would apply to the entries of archives, too.
		if at := strings.TrimSuffix(directory, "/") + "/"; paths[at] != "" && !c.onlyFiles() {
			name := c.freeName("_files")
			folder := map[string]string{at: paths[at]}
			c.generate("image_layer", name, []setting{{"files", dict(folder)}, {"modes", modes(folder, mode)}})
			tops = append(tops, c.ref(name))
			delete(paths, at)
		}
		if len(paths) > 0 {
			add("files", dict(paths))
			add("modes", modes(paths, mode))
		}
	}
	for _, name := range []string{"tars", "debs", "symlinks", "empty_dirs", "empty_files"} {
		a := c.attr(name)
		if a == nil {
			continue
		}
		if name == "debs" && directory != "/" {
			c.refuse("directory", "moved-debs", "directory applies to the packages", "use an image_layer with the tars in the packages")
			return
		}
		if name == "tars" && directory != "/" {
			add("package_dir", fmt.Sprintf("%q", directory))
			for i := range own {
				if own[i].name == "files" {
					own[i].text = dict(relative(paths, directory))
				}
			}
		}
		to := name
		if name == "empty_dirs" {
			to = "dirs"
		}
		add(to, c.file.source(a.value))
	}
	if c.rule.role == layer {
		rewriteLayer(c, dockerNames, own)
		return
	}
	rewriteLayer(c, dockerNames, nil)
	if c.attr("base") == nil {
		for _, fixed := range [][3]string{{"operating_system", "os", "linux"}, {"architecture", "architecture", "amd64"}} {
			if c.attr(fixed[0]) == nil {
				c.addText(fixed[1], fmt.Sprintf("%q", fixed[2]))
			}
		}
	}
	if len(own) > 0 {
		name := c.freeName("_layer")
		c.generate("image_layer", name, own)
		tops = append([]string{c.ref(name)}, tops...)
	}
	if len(tops) == 0 {
		return
	}
	top := "[" + strings.Join(tops, ", ") + "]"
	if a := c.attr("layers"); a != nil {
		_, end := edit.Span(a.value)
		c.edits.Insert(end, " + "+top)
		return
	}
	c.addText("layers", top)
}

// relative returns paths without the directory that they are in.
func relative(paths map[string]string, directory string) map[string]string {
	all := map[string]string{}
	for at, label := range paths {
		all[strings.TrimPrefix(at, directory+"/")] = label
	}
	return all
}

// flattened returns path -> label of files that rules_docker and pkg_tar put into a directory by their base names.
func (c *call) flattened(name, directory string) (map[string]string, bool) {
	a := c.attr(name)
	if a == nil {
		return nil, true
	}
	if c.passesFiles(a) {
		group := c.freeName("_files")
		c.generate("filegroup", group, []setting{{"srcs", c.file.source(a.value)}})
		c.note("the files in %s are expected directly in their packages: they keep directories below them", c.file.source(a.value))
		return map[string]string{strings.TrimSuffix(directory, "/") + "/": computed(c.ref(group))}, true
	}
	all, complete := items(a.value)
	if _, plain := a.value.(*build.ListExpr); !complete || !plain {
		c.refuse(name, "not-literal", "the files are not a list of labels", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	paths := map[string]string{}
	folder := "" // the label whose files go into the directory
	for _, value := range all {
		outputs, known := c.outputs(value)
		if label, literal := value.(*build.StringExpr); !known && literal && folder == "" && c.rule.ruleset == "rules_docker" && (c.rule.role == image || c.onlyFiles()) {
			folder = label.Value
			paths[strings.TrimSuffix(directory, "/")+"/"] = folder
			c.note("the files of %s are expected directly in its package: they keep directories below it", c.file.source(value))
			continue
		}
		if !known {
			c.refuse(name, "unknown-files", fmt.Sprintf("the names of the files of %s are only known to Bazel", c.file.source(value)),
				"write files = {PATH: LABEL} of an image_layer")
			return nil, false
		}
		for label, base := range outputs {
			at := path.Join(directory, base)
			if _, twice := paths[at]; twice {
				c.refuse(name, "duplicate", "two files have the path "+at, "rename one of them")
				return nil, false
			}
			paths[at] = label
		}
	}
	return paths, true
}

// passesFiles reports whether a macro gets the files of a layer from its callers, and each of them passes on some, but not an
// image or a layer, whose files are others in rules_strata.
func (c *call) passesFiles(a *attr) bool {
	name, ok := a.value.(*build.Ident)
	if !ok || !isParameter(c.scope, name.Name) || c.rule.ruleset != "rules_docker" || c.rule.role == layer && !c.onlyFiles() {
		return false
	}
	for _, from := range c.file.workspace.callers(c.scope) {
		labels, complete := items(from.args[name.Name])
		if !complete || len(labels) == 0 || slices.ContainsFunc(labels, func(x build.Expr) bool { return from.call.mayTranslate(x) }) {
			return false
		}
	}
	return true
}

// mayTranslate reports whether a label may be that of a target that is translated, or of one of its files.
func (c *call) mayTranslate(x build.Expr) bool {
	key, ok := c.key(x)
	if _, literal := x.(*build.StringExpr); !literal || !ok {
		return true
	}
	targets := c.file.workspace.targets
	return targets[key] != nil || slices.ContainsFunc(besides, func(suffix string) bool {
		name, ok := strings.CutSuffix(key, suffix)
		return ok && targets[name] != nil
	})
}

// onlyFiles reports whether a layer of rules_docker has nothing but files, so that their mode applies to all of it.
func (c *call) onlyFiles() bool {
	return c.attr("tars") == nil && c.attr("debs") == nil && c.attr("empty_files") == nil
}

// rewriteLayer gives a call other settings in place of those that describe its layer. names has the attributes with these, and
// the names of ours, if any.
func rewriteLayer(c *call, names map[string]string, own []setting) {
	for i := range c.attrs {
		a := &c.attrs[i]
		to, ok := names[a.name]
		if !ok {
			continue
		}
		at := slices.IndexFunc(own, func(s setting) bool { return s.name == to })
		if at < 0 {
			c.drop(a)
			continue
		}
		c.rename(a, own[at].name)
		c.set(a, own[at].text)
		own = slices.Delete(slices.Clone(own), at, at+1)
	}
	for _, s := range own {
		c.addText(s.name, s.text)
	}
}

// dockerNames has our names of the attributes in dockerOwn.
var dockerNames = map[string]string{
	"directory": "",
	"files":     "files", "mode": "modes", "tars": "tars", "debs": "debs", "symlinks": "symlinks", "empty_dirs": "dirs", "empty_files": "empty_files",
}
