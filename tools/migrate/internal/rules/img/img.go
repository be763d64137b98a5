// Package img translates rules_img.
package img

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Rules of rules_img.
var Rules = map[string]*model.Rule{
	"image_layer": {
		Role: model.Layer, To: "image_layer", Finish: metadata,
		Attrs: map[string]model.Action{
			"srcs":             attr.Keep("files"),
			"symlinks":         attr.Keep("symlinks"),
			"annotations":      attr.Keep("annotations"),
			"compress":         attr.Keep("compression"),
			"default_metadata": attr.Later, "file_metadata": attr.Later,
			"include_runfiles":          attr.Always("True", "the runfiles of programs are always added"),
			"create_parent_directories": attr.Drop("parent directories are entries, with the metadata that they have in the image below if over names it"),
			"estargz":                   attr.Always(`"disabled"`, "layers are not in this format"),
			"optimize":                  attr.Drop(""),
		},
	},
	"layer_from_tar": {
		Role: model.Layer, To: "image_layer",
		Attrs: map[string]model.Action{
			"src": func(c *model.Call, a *model.Attr) {
				c.Rename(a, "tars")
				c.Set(a, "["+c.File.Source(a.Value)+"]")
			},
			"optimize":    attr.Drop("a single archive becomes the layer, byte for byte"),
			"compress":    attr.Keep("compression"),
			"annotations": attr.Keep("annotations"),
			"media_type":  attr.Keep("media_type"),
			"estargz":     attr.Always(`"disabled"`, "layers are not in this format"),
		},
	},
	"layer_from_binary": {
		Role: model.Layer, To: "image_binary_layers",
		Attrs: map[string]model.Action{
			"binary":           attr.Keep("binary"),
			"path":             attr.Keep("path"),
			"layer_budget":     attr.Keep("max_layers"),
			"include_runfiles": attr.Keep("runfiles"),
			"compress":         attr.Keep("compression"),
			"annotations":      attr.Refuse("no-counterpart", "these layers have no annotations", "remove it"),
		},
	},
	"image_from_binary": {
		Role: model.Image, To: "image_from_binary", Targets: []string{"base", "layers"}, Finish: onePlatform, Provide: provideSpecs,
		Attrs: attr.Merged(imageAttributes, map[string]model.Action{
			"binary":           attr.Keep("binary"),
			"path":             attr.Keep("path"),
			"layer_budget":     attr.Keep("max_layers"),
			"include_runfiles": attr.Keep("runfiles"),
			"platforms":        attr.Later,
			"kind":             attr.Later,
		}),
	},
	"image_manifest": {Role: model.Image, To: "image", Targets: []string{"base", "layers"}, Attrs: imageAttributes, Variant: asArtifact, Provide: provideSpecs},
	"image_index": {
		Role: model.Image, To: "image_index", Targets: []string{"manifests"}, Provide: provideSpecs,
		Attrs: map[string]model.Action{
			"manifests":        attr.Labels("images"),
			"platforms":        attr.Keep("platforms"),
			"annotations":      templates(attr.Listed("annotations", "")),
			"annotations_file": attr.Keep("annotations_file"),
			"stamp":            stamp,
			"push_specs":       deployed,
			"load_specs":       deployed,
		},
	},
	"image_push":      pushRule,
	"image_load":      loadRule,
	"image_push_spec": specs(pushRule),
	"image_load_spec": specs(loadRule),
	"image_structure_test": {
		Role: model.Test, To: "image_test", Targets: []string{"image"},
		Attrs: map[string]model.Action{"image": attr.Label("image"), "configs": attr.Keep("configs")},
	},
	"pull": pull,
	"image_manifest_from_oci_layout": {
		Role: model.Image, To: "image_import",
		Attrs: map[string]model.Action{
			"src": attr.Keep("src"), "layers": attr.Drop(""),
			"architecture": attr.Drop("the archive has the platform"), "os": attr.Drop(""), "variant": attr.Drop(""),
		},
	},
	"image_index_from_oci_layout": {
		Role: model.Image, To: "image_import",
		Attrs: map[string]model.Action{"src": attr.Keep("src"), "layers": attr.Drop(""), "manifests": attr.Keep("platforms")},
	},
	"multi_deploy": {
		Role: model.Program, To: "image_push_all", Targets: []string{"operations"}, Finish: deploy, Complete: resolveDeploy,
		Attrs: map[string]model.Action{
			"operations": attr.Labels("operations"), "deploy_operations": attr.Later,
			"push_strategy": attr.Drop(""), "load_strategy": attr.Drop(""), "tool_cfg": attr.Drop(""),
		},
	},
}

// imageAttributes are the attributes of image_manifest, which image_from_binary passes on.
var imageAttributes = map[string]model.Action{
	"base":              attr.Label("base"),
	"layers":            attr.Labels("layers"),
	"entrypoint":        attr.Inherited,
	"cmd":               attr.Inherited,
	"env":               templates(attr.Environment),
	"env_file":          attr.Keep("env_file"),
	"labels":            templates(attr.Listed("labels", "")),
	"label_files":       oneFile("labels_file"),
	"annotations":       templates(attr.Listed("annotations", "")),
	"annotations_file":  attr.Keep("annotations_file"),
	"user":              attr.Keep("user"),
	"working_dir":       attr.Keep("workdir"),
	"stop_signal":       attr.Keep("stop_signal"),
	"created":           attr.Keep("created_file"),
	"created_timestamp": templates(attr.Keep("created")),
	"platform":          attr.Keep("platform"),
	"stamp":             stamp,
	"push_specs":        deployed,
	"load_specs":        deployed,
}

// oneFile takes a list with one file over.
func oneFile(to string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		list, ok := a.Value.(*build.ListExpr)
		if !ok || len(list.List) != 1 {
			c.Refuse(a.Name, "file", "the attribute has several files", "merge them: "+to+" is one file")
			return
		}
		c.Rename(a, to)
		c.Set(a, c.File.Source(list.List[0]))
	}
}

// stamp translates "force", "disabled" and "enabled" to the numbers of Bazel's own rules.
func stamp(c *model.Call, a *model.Attr) {
	s, _ := a.Value.(*build.StringExpr)
	switch expr.Text(s) {
	case "force":
		c.Set(a, "1")
	case "disabled":
		c.Set(a, "0")
	case "enabled", "auto":
		c.Drop(a)
	default:
		c.Refuse(a.Name, "stamp", "the value decides about stamping", "write 1, 0 or -1")
	}
}

// Go templates of rules_img that are variables of the workspace status: {{.NAME}}, and one with a default.
var (
	statusVariable = regexp.MustCompile(`\{\{-? *\.([A-Z][A-Z0-9_]*) *-?\}\}`)
	statusDefault  = regexp.MustCompile(`\{\{-? *if \.([A-Z][A-Z0-9_]*) *-?\}\}\{\{-? *\.([A-Z][A-Z0-9_]*) *-?\}\}\{\{-? *else *-?\}\}([^{}|]*)\{\{-? *end *-?\}\}`)
)

// templates translates the templates in an attribute, and refuses those that are not variables.
func templates(do model.Action) model.Action {
	return func(c *model.Call, a *model.Attr) {
		build.Walk(a.Value, func(x build.Expr, _ []build.Expr) {
			s, ok := x.(*build.StringExpr)
			if !ok || !strings.Contains(s.Value, "{{") {
				return
			}
			value := statusDefault.ReplaceAllStringFunc(s.Value, func(found string) string {
				m := statusDefault.FindStringSubmatch(found)
				if m[1] != m[2] {
					return found
				}
				return "{{" + m[1] + "|" + m[3] + "}}"
			})
			value = statusVariable.ReplaceAllString(value, "{{$1}}")
			rest := known.ReplaceAllString(attr.ImgVariable.ReplaceAllString(value, ""), "")
			if c.Rule.Goes {
				rest = strings.NewReplacer(ofImage[0], "", ofImage[1], "").Replace(rest)
			}
			if strings.Contains(rest, "{{") {
				c.Refuse(a.Name, "template", fmt.Sprintf("%q is a template", s.Value), "write {{NAME}} for a variable of the workspace status")
				return
			}
			if value != s.Value {
				c.Replace(x, fmt.Sprintf("%q", value))
			}
		})
		if do != nil {
			do(c, a)
		}
	}
}

// known matches a variable of the workspace status in our form.
var known = regexp.MustCompile(`\{\{[A-Z][A-Z0-9_]*(?:\|[^{}]*)?\}\}`)

// onePlatform translates the platforms of an image_from_binary: an index has at least two there, unless kind says more.
func onePlatform(c *model.Call, _ *model.Attr) {
	kind, literal := c.Text("kind")
	if a := c.Attr("kind"); a != nil {
		if c.Drop(a); !literal {
			c.Refuse("kind", "not-literal", "the kind is not a literal", "write it in this call")
			return
		}
	}
	a := c.Attr("platforms")
	if a == nil {
		return
	}
	list, ok := a.Value.(*build.ListExpr)
	switch {
	case !ok && kind != "index":
		c.Refuse("platforms", "not-literal", "the platforms are not a list", "write them in this call")
	case ok && len(list.List) == 1 && kind != "index":
		c.Rename(a, "platform")
		c.Set(a, c.File.Source(list.List[0]))
	case kind == "manifest":
		c.Refuse("kind", "no-counterpart", "an image has one platform", "list one platform")
	}
}
