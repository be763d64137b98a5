package main

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// specs returns the rule for image_push_spec and image_load_spec of rules_img: attributes of a push or a load that images name
// in push_specs and load_specs. Each image gets a separate target with them, and the spec goes.
func specs(of *rule) *rule {
	attrs := merged(of.attrs, map[string]action{
		"cross_mount_strategy": drop("layers are uploaded if the repository lacks them"),
		"tracks_content":       drop("the program always pushes the current image"),
	})
	delete(attrs, "image")
	return &rule{role: program, to: of.to, goes: true, attrs: attrs, finish: of.finish}
}

// ofImage are the templates that a spec can have for the name of its image.
var ofImage = []string{"{{.image_target_name}}", "{{.image_target_package}}"}

// spec is an image's use of a spec: the target that has its attributes for this image.
type spec struct {
	from *call
	name string // as Starlark
}

// deployed drops push_specs or load_specs, and notes the targets that take their place.
func deployed(c *call, a *attr) {
	c.drop(a)
	if name, literal := c.text("name"); !literal || name == "" || !onlyStrings(a) {
		c.refuse(a.name, "not-literal", "the image's name or its specs are not literals", "write image_push and image_load targets")
		return
	}
	suffix := map[string]string{"push_specs": "_push", "load_specs": "_load"}[a.name]
	for _, value := range a.value.(*build.ListExpr).List {
		c.need(a.name, value)
		key, _ := c.key(value)
		target := c.file.workspace.targets[key]
		if target == nil || !target.rule.goes {
			c.refuse(a.name, "unknown-target", "the spec "+c.file.source(value)+" is not in this workspace", "write an image_push and an image_load")
			return
		}
		c.own = append(specsOf(c), spec{target, c.freeName(suffix)})
	}
	if specs := specsOf(c); len(specs) > 0 {
		c.note("bazel run of the image's target does not push or load it any more; run %s", specs[len(specs)-1].name)
	}
}

// specsOf returns the specs that an image names.
func specsOf(c *call) []spec {
	specs, _ := c.own.([]spec)
	return specs
}

// provideSpecs writes the pushes and loads of an image that named specs.
func provideSpecs(c *call) {
	name, _ := c.text("name")
	for _, s := range specsOf(c) {
		own := []setting{{"image", c.ref(c.file.source(c.attr("name").value))}, {"visibility", c.sourceOf("visibility")}}
		for _, from := range s.from.settings() {
			from.text = strings.NewReplacer(ofImage[0], name, ofImage[1], c.file.pkg()).Replace(from.text)
			if s.from.file != c.file && strings.HasSuffix(from.name, "_file") {
				from.text = quoted(s.from.file.label(strings.Trim(from.text, `"`)))
			}
			own = append(own, from)
		}
		c.generate(s.from.rule.to, s.name, own)
	}
}

// settings returns the attributes of a call after its edits, other than those of every rule.
func (c *call) settings() []setting {
	var all []setting
	for _, a := range c.attrs {
		if slices.Contains(common, a.name) || slices.Contains(c.dropped, a.index) || isNone(a.value) {
			continue
		}
		probe := *c
		probe.edits = slices.Clone(c.edits)
		own := setting{a.name, probe.take(a.value)}
		if name, renamed := c.edits.Of(a.expr.LHS); renamed {
			own.name = name
		}
		all = append(all, own)
	}
	return all
}

// deploys returns the targets that push or load an image, as the label of a multi_deploy names it.
func (c *call) deploys(label, kind string) []string {
	var all []string
	base, _ := c.text("name")
	for _, s := range specsOf(c) {
		if s.from.rule.to == kind {
			all = append(all, quoted(explicit(label)+strings.TrimPrefix(strings.Trim(s.name, `"`), base)))
		}
	}
	return all
}
