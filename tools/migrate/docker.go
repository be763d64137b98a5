package main

import (
	"fmt"
	"path"
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
			"registry":   later,
			"repository": later,
			"tag":        later,
			"tag_file":   keep("tag_file"),
			"stamp":      stamp,
		},
	},
	"container_bundle": {
		role: program, to: "image_load", targets: []string{"images"},
		attrs: map[string]action{
			"images": bundle, "stamp": stamp, "extract_config": drop(""), "experimental_tarball_format": drop(""),
		},
	},
	"push_all": {
		role: program, to: "image_push_all", targets: []string{"bundle"},
		attrs: map[string]action{
			"bundle": func(c *call, a *attr) { c.refs = append(c.refs, reference{attr: a.name, value: a.value}) },
			"format": drop(""), "sequential": drop("all images are pushed together"), "stamp": stamp,
		},
	},
	"go_image":         language("go_binary", defaults["go"]),
	"cc_image":         language("cc_binary", defaults["cc"]),
	"rust_image":       language("rust_binary", defaults["rust"]),
	"java_image":       language("java_binary", defaults["java"]),
	"py_image":         language("py_binary", defaults["python"]),
	"py3_image":        language("py_binary", defaults["python"]),
	"kt_jvm_image":     language("kt_jvm_binary", defaults["java"]),
	"scala_image":      language("scala_binary", defaults["java"]),
	"nodejs_image":     language("nodejs_binary", defaultBase{"nodejs_image_base", "gcr.io/distroless/nodejs"}),
	"container_load":   {role: image, advice: "use image_import"},
	"container_import": {role: image, advice: "use image_import with the archive"},
	"container_flatten": {role: archive, targets: []string{"image"},
		advice: "use image_rootfs(format = \"tar\")"},
	"container_test": {
		role: test, to: "image_test", targets: []string{"image"},
		attrs: map[string]action{
			"image": label("image"), "configs": keep("configs"),
			"driver": drop("image_test needs no engine"), "verbose": drop(""), "loaded_name": drop(""),
		},
	},
	"container_pull": {
		role: pull, to: "images_pull", finish: finishPull,
		attrs: map[string]action{
			"registry":     later,
			"repository":   later,
			"tag":          later,
			"digest":       later,
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

// command takes a command over, which may also be text for a shell.
func command(c *call, a *attr) {
	if c.valueKind(a.value) == "string" {
		c.set(a, `["/bin/sh", "-c", `+c.file.source(a.value)+"]")
		return
	}
	inherited(c, a)
}

func dockerLabels(c *call, a *attr) {
	c.rename(a, "labels")
	c.variables(a.value)
	build.Walk(a.value, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok && strings.HasPrefix(s.Value, "@") {
			c.refuse(a.name, "file", "a label comes from a file", "write labels_file, or the value")
		}
	})
}

func timestamp(c *call, a *attr) {
	s, ok := a.value.(*build.StringExpr)
	c.rename(a, "created")
	if strings.HasPrefix(text(s), "{") && strings.HasSuffix(text(s), "}") {
		c.variables(a.value)
		return
	}
	if _, err := time.Parse(time.RFC3339, text(s)); !ok || err != nil {
		c.refuse(a.name, "time", "the time is not like 2025-01-31T12:00:00Z", "write the time in this form, or remove it")
	}
}

func text(s *build.StringExpr) string {
	if s == nil {
		return ""
	}
	return s.Value
}

func stamp(c *call, a *attr) {
	if c.rule.role != image {
		c.drop(a)
		return
	}
	switch name, _ := a.value.(*build.Ident); {
	case name != nil && name.Name == "True":
		c.set(a, "1")
		c.note("the creation time stays fixed; created = \"{{STABLE_NAME}}\" sets it from a variable of the workspace status")
	case name != nil && name.Name == "False":
		c.drop(a)
	default:
		if _, label := a.value.(*build.StringExpr); label {
			c.drop(a)
			return
		}
		c.set(a, "1 if "+c.file.source(a.value)+" else 0")
	}
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
	all, complete := items(a.value)
	if _, plain := a.value.(*build.ListExpr); !complete || !plain {
		c.refuse(name, "not-literal", "the files are not a list of labels", "write files = {PATH: LABEL} of an image_layer")
		return nil, false
	}
	paths := map[string]string{}
	for _, value := range all {
		outputs, known := c.outputs(value)
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

// registryPush joins registry and repository.
func registryPush(c *call, _ *attr) {
	registry, repository := c.attr("registry"), c.attr("repository")
	if registry == nil || repository == nil {
		c.refuse("repository", "no-repository", "the call has no registry and repository", "set both")
		return
	}
	if !isString(registry.value) || !isString(repository.value) {
		c.refuse("repository", "not-literal", "registry and repository are not strings", "write them in this call")
		return
	}
	c.drop(registry)
	c.variables(registry.value)
	c.variables(repository.value)
	c.set(repository, joined(c.take(registry.value), c.take(repository.value), registry.value, repository.value))
	c.pushTag()
}

// pushTag turns tag into a list.
func (c *call) pushTag() {
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
		if !isString(tag.value) {
			c.refuse("tag", "not-literal", "the tag is not a string", "write it in this call")
			return
		}
		c.variables(tag.value)
		value := c.take(tag.value)
		c.rename(tag, "remote_tags")
		c.set(tag, "["+value+"]")
	}
}

// isString reports whether the value of an attribute with a single string can be part of another text.
func isString(x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	return !ok || branches(call) == nil && !isNamed(call.X, "select")
}

// joined returns the text of a registry and a repository as one name.
func joined(registry, repository string, a, b build.Expr) string {
	_, plain := a.(*build.StringExpr)
	_, literal := b.(*build.StringExpr)
	if plain && literal {
		return strings.TrimSuffix(registry, `"`) + "/" + strings.TrimPrefix(repository, `"`)
	}
	return operand(a, registry) + ` + "/" + ` + operand(b, repository)
}

// variables turns {NAME} in the strings of an expression, a variable of the workspace status, into {{NAME}}.
func (c *call) variables(x build.Expr) {
	if c.rule.ruleset != "rules_docker" {
		return
	}
	build.Walk(x, func(x build.Expr, stack []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok {
			return
		}
		value := variables(s.Value)
		if len(stack) > 0 {
			if method, ok := stack[len(stack)-1].(*build.DotExpr); ok && method.Name == "format" {
				value = strings.NewReplacer("{{", "{{{{", "}}", "}}}}").Replace(s.Value)
			}
		}
		if value != s.Value {
			c.replace(x, fmt.Sprintf("%q", value))
		}
	})
}

// variables turns {NAME}, a variable of the workspace status, into {{NAME}}.
func variables(text string) string {
	if strings.Contains(text, "{{") {
		return text
	}
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
}
