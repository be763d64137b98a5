package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bazelbuild/buildtools/build"
)

// Rules of rules_docker.
var dockerRules = map[string]*rule{
	"container_image": {
		role: image, to: "image", targets: []string{"base", "layers"}, finish: dockerLayer,
		attrs: merged(dockerOwn, dockerPacking, map[string]action{
			"base":             dockerBase,
			"layers":           labels("layers"),
			"entrypoint":       command,
			"cmd":              command,
			"env":              environment,
			"labels":           dockerLabels,
			"ports":            keep("exposed_ports"),
			"volumes":          keep("volumes"),
			"user":             keep("user"),
			"workdir":          keep("workdir"),
			"architecture":     platform("architecture"),
			"operating_system": platform("os"),
			"creation_time":    timestamp,
			"stamp":            stamp,
		}),
	},
	"container_layer": {
		role: layer, to: "image_layer", finish: dockerLayer,
		attrs: merged(dockerOwn, dockerPacking, map[string]action{
			"env": refuse("layer-env", "a layer has no environment", "set env of the images with this layer"),
		}),
	},
	"container_push": {
		role: program, to: "image_push", targets: []string{"image"}, finish: registryPush,
		attrs: map[string]action{
			"image":      label("image"),
			"format":     drop(""),
			"registry":   func(*call, *attr) {},
			"repository": func(*call, *attr) {},
			"tag":        func(*call, *attr) {},
			"tag_file":   keep("tag_file"),
			"stamp":      stamp,
		},
	},
	"container_bundle": {role: program, targets: []string{"images"}, advice: "write an image_load or an image_push for each image; image_push_all runs several"},
	"docker_push":      {role: program, advice: "write an image_push for each image; image_push_all runs several"},
	"container_load":   {role: image, advice: "use image_import"},
	"container_import": {role: image, advice: "use image_import with the archive"},
	"container_flatten": {role: archive, targets: []string{"image"},
		advice: "use image_rootfs(format = \"tar\")"},
	"container_test": {role: image, targets: []string{"image"}, advice: "use image_test, or container_structure_test with the output group oci_layout of an image_archive"},
	"container_pull": {
		role: pull, to: "images_pull", finish: finishPull,
		attrs: map[string]action{
			"registry":     func(*call, *attr) {},
			"repository":   func(*call, *attr) {},
			"tag":          func(*call, *attr) {},
			"digest":       func(*call, *attr) {},
			"architecture": drop("the image for the target platform is used"),
			"os":           drop("the image for the target platform is used"),
			"timeout":      drop(""),
		},
	},
}

// dockerOwn are the attributes of container_image and container_layer that make a layer. dockerLayer reads them.
var dockerOwn = map[string]action{
	"files": later, "directory": later, "tars": later, "debs": later, "symlinks": later, "empty_dirs": later, "empty_files": later, "mode": later,
}

// dockerPacking are their attributes that say how to pack it.
var dockerPacking = map[string]action{
	"compression":                 drop("compression and its level are those of the build, or of image_layer"),
	"compression_options":         drop("compression and its level are those of the build, or of image_layer"),
	"experimental_tarball_format": drop(""),
}

// later is the action of attributes that finish reads.
func later(*call, *attr) {}

func merged(tables ...map[string]action) map[string]action {
	all := map[string]action{}
	for _, table := range tables {
		for name, do := range table {
			all[name] = do
		}
	}
	return all
}

func dockerBase(c *call, a *attr) {
	label("base")(c, a)
	for _, value := range values(a.value) {
		if s, ok := value.(*build.StringExpr); ok && isExternal(s.Value) && strings.HasSuffix(s.Value, "//image") {
			start, end := span(value)
			c.edits = append(c.edits, edit{start: start, end: end, text: fmt.Sprintf("%q", strings.TrimSuffix(s.Value, "//image"))})
		}
	}
}

// command takes a command over, which may also be text for a shell.
func command(c *call, a *attr) {
	if c.valueKind(a.value) == "string" {
		c.refuse(a.name, "shell", "a string is a command for a shell", `write a list, for example ["/bin/sh", "-c", COMMAND]`)
		return
	}
	inherited(c, a)
}

func dockerLabels(c *call, a *attr) {
	c.rename(a, "labels")
	build.Walk(a.value, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok && (strings.HasPrefix(s.Value, "@") || strings.Contains(s.Value, "{")) {
			c.refuse(a.name, "file", "a label comes from a file, or from a variable of the workspace status", "write the value")
		}
	})
}

func timestamp(c *call, a *attr) {
	s, ok := a.value.(*build.StringExpr)
	if _, err := time.Parse(time.RFC3339, text(s)); !ok || err != nil {
		c.refuse(a.name, "time", "the time is not like 2025-01-31T12:00:00Z", "write the time in this form, or remove it")
		return
	}
	c.rename(a, "created")
}

func text(s *build.StringExpr) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func stamp(c *call, a *attr) {
	name, ok := a.value.(*build.Ident)
	if _, label := a.value.(*build.StringExpr); !ok && !label {
		c.refuse(a.name, "stamp", "the value decides about stamping", "remove it")
		return
	}
	if c.rule.role == image && (name == nil || name.Name != "False") {
		c.refuse(a.name, "stamp", "images are not stamped: they would be rebuilt at each commit", "remove it; tags and repositories of image_push may have variables")
		return
	}
	c.drop(a)
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
	if len(paths) > 0 {
		mode := "0555"
		if s, ok := c.text("mode"); ok {
			mode = s
		} else if c.attr("mode") != nil {
			c.refuse("mode", "not-literal", "the mode is not a literal", "write the mode")
			return
		}
		add("files", dict(paths))
		add("modes", modes(paths, mode))
	}
	for _, name := range []string{"tars", "debs", "symlinks", "empty_dirs", "empty_files"} {
		a := c.attr(name)
		if a == nil {
			continue
		}
		if name == "tars" && directory != "/" {
			c.refuse("directory", "moved-tars", "directory applies to the tars", "use an image_layer with package_dir")
			return
		}
		to := name
		if name == "empty_dirs" {
			to = "dirs"
		}
		add(to, c.file.source(a.value))
	}
	if c.rule.role == layer {
		c.rewrite(own)
		return
	}
	c.rewrite(nil)
	if c.attr("base") == nil {
		for _, fixed := range [][3]string{{"operating_system", "os", "linux"}, {"architecture", "architecture", "amd64"}} {
			if c.attr(fixed[0]) == nil {
				c.addText(fixed[1], fmt.Sprintf("%q", fixed[2]))
			}
		}
	}
	if len(own) == 0 {
		return
	}
	name := c.freeName("_layer")
	c.generate("image_layer", name, own)
	top := "[" + c.ref(name) + "]"
	if a := c.attr("layers"); a != nil {
		_, end := span(a.value)
		c.edits = append(c.edits, edit{start: end, end: end, text: " + " + top})
		return
	}
	c.addText("layers", top)
}

// flattened returns path -> label of files that rules_docker and pkg_tar put into a directory by their base names.
func (c *call) flattened(name, directory string) (map[string]string, bool) {
	a := c.attr(name)
	if a == nil {
		return nil, true
	}
	all, complete := items(a.value)
	if _, plain := a.value.(*build.ListExpr); !complete || !plain {
		c.refuse(name, "not-literal", "the files are not a list of labels", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	paths := map[string]string{}
	for _, value := range all {
		s, ok := value.(*build.StringExpr)
		base, known := "", false
		if ok {
			base, known = c.file.workspace.outputName(c.file, s.Value)
		}
		if !known {
			c.refuse(name, "unknown-files", fmt.Sprintf("the names of the files of %s are only known to Bazel", c.file.source(value)),
				"write files = {PATH: LABEL} of an image_layer")
			return nil, false
		}
		at := path.Join(directory, base)
		if _, twice := paths[at]; twice {
			c.refuse(name, "duplicate", "two files have the path "+at, "rename one of them")
			return nil, false
		}
		paths[at] = s.Value
	}
	return paths, true
}

// outputName returns the base name of the single file of a label: that of a source file, or of a program.
func (w *workspace) outputName(f *file, label string) (string, bool) {
	if isExternal(label) || !f.isBuild() {
		return "", false
	}
	pkg, name, _ := strings.Cut(strings.TrimPrefix(f.label(label), "//"), ":")
	if info, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(pkg), filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
		return path.Base(name), true
	}
	kind, ok := w.programs["//"+pkg+":"+name]
	return path.Base(name), ok && kind
}

// rewrite gives the call other settings in place of those that describe its layer.
func (c *call) rewrite(own []setting) {
	for i := range c.attrs {
		a := &c.attrs[i]
		if _, ok := dockerOwn[a.name]; !ok {
			continue
		}
		at := slices.IndexFunc(own, func(s setting) bool { return s.name == dockerNames[a.name] })
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

var dockerNames = map[string]string{
	"files": "files", "mode": "modes", "tars": "tars", "debs": "debs", "symlinks": "symlinks", "empty_dirs": "dirs", "empty_files": "empty_files",
}

// registryPush joins registry and repository, and turns tag into a list.
func registryPush(c *call, _ *attr) {
	registry, repository := c.attr("registry"), c.attr("repository")
	if registry == nil || repository == nil {
		c.refuse("repository", "no-repository", "the call has no registry and repository", "set both")
		return
	}
	for _, a := range []*attr{registry, repository, c.attr("tag")} {
		if a != nil && strings.Contains(c.file.source(a.value), "$(") {
			c.refuse(a.name, "make-variable", "the value has a Make variable", "write the value, or use a workspace status variable, {{STABLE_NAME}}")
			return
		}
	}
	r, plain := registry.value.(*build.StringExpr)
	s, literal := repository.value.(*build.StringExpr)
	c.drop(registry)
	if plain && literal {
		c.set(repository, fmt.Sprintf("%q", variables(r.Value+"/"+s.Value)))
	} else if isText(registry.value) && isText(repository.value) {
		c.set(repository, c.file.source(registry.value)+` + "/" + `+c.file.source(repository.value))
	} else {
		c.refuse("repository", "not-literal", "registry and repository are not strings", "write them in this call")
		return
	}
	tag := c.attr("tag")
	if c.rule.ruleset == "rules_docker" {
		switch fromFile := c.attr("tag_file") != nil; {
		case fromFile && tag != nil: // the file takes precedence
			c.drop(tag)
			return
		case !fromFile && tag == nil:
			c.addText("remote_tags", `["latest"]`)
		}
	}
	if tag != nil {
		value := c.file.source(tag.value)
		if s, ok := tag.value.(*build.StringExpr); ok {
			value = fmt.Sprintf("%q", variables(s.Value))
		} else if !isText(tag.value) {
			c.refuse("tag", "not-literal", "the tag is not a string", "write it in this call")
			return
		}
		c.rename(tag, "remote_tags")
		c.set(tag, "["+value+"]")
	}
}

// variables turns {NAME}, a variable of the workspace status, into {{NAME}}.
func variables(text string) string {
	if strings.Contains(text, "{{") {
		return text
	}
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
}
