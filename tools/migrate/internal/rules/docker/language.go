package docker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/kwargs"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// language returns the rule for GO_image and the like of rules_docker, which make a program and an image with it. binary is
// the rule of the language's ruleset, and base the image that rules_docker uses without one.
func language(binary string, base defaultBase) *model.Rule {
	r := &model.Rule{Role: model.Image, To: "image_from_binary", Targets: []string{"base"}, Open: true, Attrs: map[string]model.Action{
		"base":   baseImage,
		"binary": attr.Keep("binary"),
		"env":    attr.Environment,
		"layers": attr.Later,
	}}
	r.Finish = func(c *model.Call, _ *model.Attr) { program(c, binary, base) }
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
func program(c *model.Call, kind string, base defaultBase) {
	own := model.Settings{}
	var names []string // of own, in their order
	for i := range c.Attrs {
		if a := &c.Attrs[i]; !slices.Contains(imageAttributes, a.Name) && !expr.IsNone(a.Value) {
			own[a.Name] = c.File.Source(a.Value)
			names = append(names, a.Name)
			c.Drop(a)
		}
	}
	if layers := c.Attr("layers"); layers != nil {
		// Libraries that rules_docker puts into layers of their own.
		c.Drop(layers)
		text := c.File.Source(layers.Value)
		if deps, ok := own["deps"]; ok {
			text = format.Operand(c.Attr("deps").Value, deps) + " + " + format.Operand(layers.Value, text)
		} else {
			names = append(names, "deps")
		}
		own["deps"] = text
	}
	forward(c, own)
	if c.Attr("base") == nil {
		if kind == "go_binary" && goStatic(c) {
			base = defaultBase{"go_image_static", "gcr.io/distroless/static"}
		}
		c.AddText("base", fmt.Sprintf("%q", "@"+base.name))
		c.Note("without a base, rules_docker uses %s: bazel run @rules_strata//rules:lock -- add %s %s", base.image, base.name, base.image)
	}
	if c.Attr("binary") != nil {
		for _, name := range names {
			if name == "args" {
				c.AddText("cmd", own[name])
			} else {
				c.Note("%s is gone: rules_docker ignores it beside binary", name)
			}
		}
		return
	}
	name := c.FreeName(".binary")
	c.Generate(kind, name, own)
	c.AddText("binary", c.Ref(name))
}

// forward lets the program have the attributes that callers of a macro pass on to the image, if they are those of programs: the image
// gets only those that every target has.
func forward(c *model.Call, own model.Settings) {
	names, complete := kwargs.Names(c)
	ofProgram := func(name string) bool { return name == "layers" || !slices.Contains(imageAttributes, name) }
	if !complete || c.Attr("binary") != nil || !slices.ContainsFunc(names, ofProgram) ||
		slices.ContainsFunc(names, func(name string) bool { return !ofProgram(name) && !slices.Contains(model.Common, name) }) {
		return
	}
	star := c.Star
	if slices.Contains(names, "layers") {
		deps := []string{}
		switch stated := c.Attr("deps"); {
		case own["deps"] == "":
		case c.Attr("layers") == nil && stated != nil:
			deps = append(deps, format.Operand(stated.Value, own["deps"]))
		default:
			deps = append(deps, own["deps"])
		}
		if slices.Contains(names, "deps") {
			deps = append(deps, star+".pop(\"deps\", [])")
		}
		own["deps"] = strings.Join(append(deps, star+".pop(\"layers\", [])"), " + ")
	}
	own["**"] = star
	for _, name := range names {
		if !ofProgram(name) {
			c.AddText(name, star+".get("+fmt.Sprintf("%q", name)+")")
		}
	}
	c.DropStar()
}

// goStatic reports whether rules_docker uses a base without a C library.
func goStatic(c *model.Call) bool {
	pure, _ := c.Text("pure")
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
func defaultOf(f *model.File, name string) (defaultBase, bool) {
	for _, load := range f.Loads {
		if model.RulesetOf(load.Module.Value) != "rules_docker" {
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

// baseImage takes the base over: @NAME//image is @NAME.
func baseImage(c *model.Call, a *model.Attr) {
	attr.Label("base")(c, a)
	for _, value := range expr.Values(a.Value) {
		switch x := value.(type) {
		case *build.StringExpr:
			if model.IsExternal(x.Value) && strings.HasSuffix(x.Value, "//image") {
				c.Replace(value, fmt.Sprintf("%q", strings.TrimSuffix(x.Value, "//image")))
			}
		case *build.Ident:
			if base, ok := defaultOf(c.File, x.Name); ok {
				c.Replace(value, fmt.Sprintf("%q", "@"+base.name))
				c.Replaced = append(c.Replaced, x.Name)
				c.Note("the default base of rules_docker is %s: bazel run @rules_strata//rules:lock -- add %s %s", base.image, base.name, base.image)
				c.Refs = slices.DeleteFunc(c.Refs, func(r model.Reference) bool { return r.Value == value })
			}
		}
	}
}
