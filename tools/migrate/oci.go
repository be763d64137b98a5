package main

import (
	"fmt"

	"github.com/bazelbuild/buildtools/build"
)

// plainTars is set if the attribute layers of image accepts tar files. Otherwise, each tar becomes an image_layer.
const plainTars = false

// Rules of rules_oci.
var ociRules = map[string]*rule{
	"oci_image": {
		role: image, to: "image", targets: []string{"base"},
		attrs: map[string]action{
			"base":          label("base"),
			"tars":          tars,
			"entrypoint":    inherited,
			"cmd":           inherited,
			"env":           environment,
			"labels":        listed("labels", ""),
			"annotations":   listed("annotations", ""),
			"exposed_ports": listed("exposed_ports", ""),
			"volumes":       listed("volumes", ""),
			"user":          keep("user"),
			"workdir":       keep("workdir"),
			"os":            platform("os"),
			"architecture":  platform("architecture"),
			"variant":       platform("variant"),
			"created":       refuse("file", "the time comes from a file", "write the time, or remove it: the default is 1970-01-01T00:00:00Z"),
			"resource_set":  drop(""),
		},
	},
	"oci_image_index": {
		role: image, to: "image_index", targets: []string{"images"},
		attrs: map[string]action{
			"images":      labels("images"),
			"platforms":   keep("platforms"),
			"annotations": listed("annotations", ""),
		},
	},
	"oci_push": {
		role: program, to: "image_push", targets: []string{"image"},
		attrs: map[string]action{
			"image":           label("image"),
			"repository":      noVariables("repository"),
			"repository_file": keep("repository_file"),
			"remote_tags":     listed("remote_tags", "tag_file"),
		},
	},
	"oci_load":    ociLoad,
	"oci_tarball": ociLoad,
	"oci_pull":    ociPull,
}

var ociLoad = &rule{
	role: program, to: "image_load", targets: []string{"image"},
	attrs: map[string]action{
		"image":     label("image"),
		"repo_tags": listed("repo_tags", ""),
		"format":    only("docker", "an archive in another format is the output group oci_layout of the image"),
		"loader":    refuse("no-counterpart", "the loader is a program of its own", "remove it; image_load loads into Docker, Podman and containerd"),
	},
}

// inherited takes a command over. An empty one removes that of the base, and would inherit it here.
func inherited(c *call, a *attr) {
	if list, ok := a.value.(*build.ListExpr); ok && len(list.List) == 0 && c.attr("base") != nil {
		c.refuse(a.name, "clear", "an empty list removes the setting of the base", fmt.Sprintf("write clear = [%q] in the image", a.name))
		return
	}
	listed(a.name, "")(c, a)
}

// only drops an attribute that has the value that is the default here.
func only(value, advice string) action {
	return func(c *call, a *attr) {
		if s, ok := a.value.(*build.StringExpr); ok && s.Value == value {
			c.drop(a)
			return
		}
		c.refuse(a.name, "no-counterpart", fmt.Sprintf("values other than %q have no counterpart", value), advice)
	}
}

// tars turns the list of tars into layers. A tar whose target becomes a layer stays in the list; each of the others
// gets a layer. That is decided later, when it is known which targets become layers.
func tars(c *call, a *attr) {
	c.rename(a, "layers")
	all, complete := items(a.value)
	if !complete {
		if !plainTars {
			c.refuse(a.name, "unknown-labels", "the list of tars is not written in this call", "write the list in the call: each tar becomes an image_layer")
		}
		return
	}
	for _, value := range all {
		c.refs = append(c.refs, reference{attr: a.name, value: value})
	}
}

// wrapTars puts each tar of an image into a layer, unless its target becomes one.
func (w *workspace) wrapTars(c *call) {
	if plainTars {
		return
	}
	made := map[string]string{}
	for _, ref := range c.refs {
		if ref.attr != "tars" || w.becomesLayer(ref.key) {
			continue
		}
		text := c.file.source(ref.value)
		name, ok := made[text]
		if !ok {
			name = c.freeName("_layer")
			made[text] = name
			c.generate("image_layer", name, []setting{{"tars", "[" + text + "]"}})
		}
		start, end := span(ref.value)
		c.edits = append(c.edits, edit{start: start, end: end, text: c.ref(name)})
	}
}
