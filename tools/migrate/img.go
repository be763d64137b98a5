package main

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Rules of rules_img.
var imgRules = map[string]*rule{
	"image_layer": {
		role: layer, to: "image_layer",
		attrs: map[string]action{
			"srcs":        keep("files"),
			"symlinks":    keep("symlinks"),
			"annotations": keep("annotations"),
			"compress":    noVariables("compression"),
			"include_runfiles": refuse("runfiles", "the runfiles of programs are always added",
				"put a filegroup around the program"),
		},
	},
	"layer_from_tar": {
		role: layer, to: "image_layer",
		attrs: map[string]action{
			"src": func(c *call, a *attr) {
				c.rename(a, "tars")
				c.set(a, "["+c.file.source(a.value)+"]")
			},
			"optimize": drop("a single archive becomes the layer, byte for byte"),
			"compress": noVariables("compression"),
		},
	},
	"image_manifest": {
		role: image, to: "image", targets: []string{"base", "layers"},
		attrs: map[string]action{
			"base":         label("base"),
			"layers":       labels("layers"),
			"entrypoint":   inherited,
			"cmd":          inherited,
			"env":          environment,
			"labels":       listed("labels", ""),
			"annotations":  listed("annotations", ""),
			"user":         keep("user"),
			"working_dir":  keep("workdir"),
			"stop_signal":  keep("stop_signal"),
			"architecture": platform("architecture"),
			"os":           platform("os"),
			"variant":      platform("variant"),
		},
	},
	"image_index": {
		role: image, to: "image_index", targets: []string{"manifests"},
		attrs: map[string]action{
			"manifests":   labels("images"),
			"platforms":   keep("platforms"),
			"annotations": listed("annotations", ""),
		},
	},
	"image_push": {
		role: program, to: "image_push", targets: []string{"image"}, finish: imgPush,
		attrs: map[string]action{
			"image": label("image"), "registry": later, "repository": later, "tag": later,
			"tag_list": keep("remote_tags"),
			"tag_file": keep("tag_file"),
		},
	},
	"image_load": {
		role: program, to: "image_load", targets: []string{"image"}, finish: imgLoad,
		attrs: map[string]action{
			"image": label("image"), "registry": later, "repository": later, "tag": later,
			"tag_list": keep("repo_tags"),
			"daemon":   keep("engine"),
		},
	},
	"multi_deploy":      {role: program, advice: "use image_push_all"},
	"image_from_binary": {role: image, advice: "write an image_layer with the program, and an image"},
	"layer_from_binary": {role: layer, advice: "use image_binary_layers, or an image_layer with the program in files"},
}

// imgPush joins registry and repository. Templates with functions have no counterpart.
func imgPush(c *call, _ *attr) {
	if c.attr("tag") != nil && c.attr("tag_list") != nil {
		c.refuse("tag", "two-tags", "the call has tag and tag_list", "use tag_list for all tags")
		return
	}
	for _, name := range []string{"registry", "repository", "tag", "tag_list"} {
		if a := c.attr(name); a != nil && strings.Contains(c.file.source(a.value), "{{") {
			c.imgTemplates(a)
		}
	}
	registryPush(c, nil)
}

// imgLoad joins registry, repository and tag.
func imgLoad(c *call, _ *attr) {
	tag := c.attr("tag")
	if tag == nil {
		if a := c.attr("repository"); a != nil || c.attr("tag_list") == nil {
			c.refuse("tag", "no-name", "the names of the image are not in one attribute", `write repo_tags = ["REPOSITORY:TAG"]`)
		}
		return
	}
	full, ok := c.text("tag")
	separator := ":"
	for _, name := range []string{"repository", "registry"} {
		if a := c.attr(name); a != nil {
			part, literal := c.text(name)
			full, ok = part+separator+full, ok && literal
			c.drop(a)
		}
		separator = "/"
	}
	if !ok || strings.Contains(full, "{{") || c.attr("tag_list") != nil {
		c.refuse("tag", "not-literal", "the name of the image is not a literal", `write repo_tags = ["REPOSITORY:TAG"]`)
		return
	}
	c.rename(tag, "repo_tags")
	c.set(tag, fmt.Sprintf("[%q]", full))
}

// imgTemplates refuses all templates: {{.STABLE_NAME}} with other text around is rare, and functions have no counterpart.
func (c *call) imgTemplates(a *attr) {
	build.Walk(a.value, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok && strings.Contains(s.Value, "{{") {
			c.refuse(a.name, "template", fmt.Sprintf("%q is a template", s.Value), "write {{STABLE_NAME}} for a variable of the workspace status")
		}
	})
}
