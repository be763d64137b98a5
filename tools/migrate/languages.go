package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// language returns the rule for GO_image and the like of rules_docker, which make a program and an image with it. binary is
// the rule of the language's ruleset, and base the image that rules_docker uses without one.
func language(binary string, base defaultBase) *rule {
	r := &rule{role: image, to: "image_from_binary", targets: []string{"base"}, open: true, attrs: map[string]action{
		"base":   dockerBase,
		"binary": keep("binary"),
		"env":    environment,
		"layers": later,
	}}
	r.finish = func(c *call, _ *attr) { c.program(binary, base) }
	return r
}

// defaultBase is the base that rules_docker pulls for a language: a name for ours, and the image.
type defaultBase struct{ name, image string }

// imageAttributes are the attributes of GO_image and the like that describe the image. All others are those of the program.
var imageAttributes = []string{
	"name", "base", "binary", "env", "layers", "visibility", "tags", "testonly", "deprecation", "features", "exec_properties",
	"target_compatible_with", "compatible_with", "restricted_to",
}

// program puts the program of an image in front of it, unless the call names one.
func (c *call) program(kind string, base defaultBase) {
	var own []setting
	for i := range c.attrs {
		if a := &c.attrs[i]; !slices.Contains(imageAttributes, a.name) && !isNone(a.value) {
			own = append(own, setting{a.name, c.file.source(a.value)})
			c.drop(a)
		}
	}
	if layers := c.attr("layers"); layers != nil {
		// Libraries that rules_docker puts into layers of their own.
		c.drop(layers)
		text := c.file.source(layers.value)
		if at := slices.IndexFunc(own, func(s setting) bool { return s.name == "deps" }); at >= 0 {
			own[at].text = operand(c.attr("deps").value, own[at].text) + " + " + operand(layers.value, text)
		} else {
			own = append(own, setting{"deps", text})
		}
	}
	if c.attr("base") == nil {
		if kind == "go_binary" && c.goStatic() {
			base = defaultBase{"go_image_static", "gcr.io/distroless/static"}
		}
		c.addText("base", fmt.Sprintf("%q", "@"+base.name))
		c.note("without a base, rules_docker uses %s: bazel run @rules_strata//rules:lock -- add %s %s", base.image, base.name, base.image)
	}
	if c.attr("binary") != nil {
		for _, setting := range own {
			if setting.name == "args" {
				c.addText("cmd", setting.text)
			} else {
				c.note("%s is gone: rules_docker ignores it beside binary", setting.name)
			}
		}
		return
	}
	name := c.freeName(".binary")
	c.generate(kind, name, own)
	c.addText("binary", c.ref(name))
}

// goStatic reports whether rules_docker uses a base without a C library.
func (c *call) goStatic() bool {
	pure, _ := c.text("pure")
	return pure == "on"
}

// defaults maps the names that rules_docker's files of languages give their default bases.
var defaults = map[string]defaultBase{
	"go":     {"go_image_base", "gcr.io/distroless/base"},
	"cc":     {"cc_image_base", "gcr.io/distroless/cc"},
	"rust":   {"cc_image_base", "gcr.io/distroless/cc"},
	"java":   {"java_image_base", "gcr.io/distroless/java"},
	"python": {"py_image_base", "gcr.io/distroless/python3"},
}

// defaultOf returns the base that a variable stands for which a file loads from rules_docker.
func (f *file) defaultOf(name string) (defaultBase, bool) {
	for _, load := range f.loads {
		if rulesetOf(load.Module.Value) != "rules_docker" {
			continue
		}
		_, rest, _ := strings.Cut(load.Module.Value, "//")
		for i, to := range load.To {
			if to.Name == name && load.From[i].Name == "DEFAULT_BASE" {
				base, ok := defaults[strings.TrimSuffix(rest, ":image.bzl")]
				return base, ok
			}
		}
	}
	return defaultBase{}, false
}

// dockerBase takes the base over: @NAME//image is @NAME.
func dockerBase(c *call, a *attr) {
	label("base")(c, a)
	for _, value := range values(a.value) {
		switch x := value.(type) {
		case *build.StringExpr:
			if isExternal(x.Value) && strings.HasSuffix(x.Value, "//image") {
				c.replace(value, fmt.Sprintf("%q", strings.TrimSuffix(x.Value, "//image")))
			}
		case *build.Ident:
			if base, ok := c.file.defaultOf(x.Name); ok {
				c.replace(value, fmt.Sprintf("%q", "@"+base.name))
				c.replaced = append(c.replaced, x.Name)
				c.note("the default base of rules_docker is %s: bazel run @rules_strata//rules:lock -- add %s %s", base.image, base.name, base.image)
				c.refs = slices.DeleteFunc(c.refs, func(r reference) bool { return r.value == value })
			}
		}
	}
}
