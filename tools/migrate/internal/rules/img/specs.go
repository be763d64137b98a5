package img

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// specs returns the rule for image_push_spec and image_load_spec of rules_img: attributes of a push or a load that images name
// in push_specs and load_specs. Each image gets a separate target with them, and the spec goes.
func specs(of *model.Rule) *model.Rule {
	attrs := attr.Merged(of.Attrs, map[string]model.Action{
		"cross_mount_strategy": attr.Drop("layers are uploaded if the repository lacks them"),
		"tracks_content":       attr.Drop("the program always pushes the current image"),
	})
	delete(attrs, "image")
	return &model.Rule{Role: model.Program, To: of.To, Goes: true, Attrs: attrs, Finish: of.Finish}
}

// ofImage are the templates that a spec can have for the name of its image.
var ofImage = []string{"{{.image_target_name}}", "{{.image_target_package}}"}

// spec is an image's use of a spec: the target that has its attributes for this image.
type spec struct {
	from *model.Call
	name string // as Starlark
}

// deployed drops push_specs or load_specs, and notes the targets that take their place.
func deployed(c *model.Call, a *model.Attr) {
	c.Drop(a)
	if name, literal := c.Text("name"); !literal || name == "" || !model.OnlyStrings(a) {
		c.Refuse(a.Name, "not-literal", "the image's name or its specs are not literals", "write image_push and image_load targets")
		return
	}
	suffix := map[string]string{"push_specs": "_push", "load_specs": "_load"}[a.Name]
	for _, value := range a.Value.(*build.ListExpr).List {
		c.Need(a.Name, value)
		key, _ := c.Key(value)
		target := c.File.Workspace.Targets[key]
		if target == nil || !target.Rule.Goes {
			c.Refuse(a.Name, "unknown-target", "the spec "+c.File.Source(value)+" is not in this workspace", "write an image_push and an image_load")
			return
		}
		c.Own = append(specsOf(c), spec{target, c.FreeName(suffix)})
	}
	if specs := specsOf(c); len(specs) > 0 {
		c.Note("bazel run of the image's target does not push or load it any more; run %s", specs[len(specs)-1].name)
	}
}

// specsOf returns the specs that an image names.
func specsOf(c *model.Call) []spec {
	specs, _ := c.Own.([]spec)
	return specs
}

// provideSpecs writes the pushes and loads of an image that named specs.
func provideSpecs(c *model.Call) {
	name, _ := c.Text("name")
	for _, s := range specsOf(c) {
		own := model.Settings{"image": c.Ref(c.File.Source(c.Attr("name").Value)), "visibility": c.SourceOf("visibility")}
		for setting, text := range s.from.Settings() {
			text = strings.NewReplacer(ofImage[0], name, ofImage[1], c.File.Pkg()).Replace(text)
			if s.from.File != c.File && strings.HasSuffix(setting, "_file") {
				text = format.Quoted(s.from.File.Label(strings.Trim(text, `"`)))
			}
			own[setting] = text
		}
		c.Generate(s.from.Rule.To, s.name, own)
	}
}

// deploys returns the targets that push or load an image, as the label of a multi_deploy names it.
func deploys(c *model.Call, label, kind string) []string {
	var all []string
	base, _ := c.Text("name")
	for _, s := range specsOf(c) {
		if s.from.Rule.To == kind {
			all = append(all, format.Quoted(model.Explicit(label)+strings.TrimPrefix(strings.Trim(s.name, `"`), base)))
		}
	}
	return all
}
