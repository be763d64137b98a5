package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Rules of rules_img.
var imgRules = map[string]*rule{
	"image_layer": {
		role: layer, to: "image_layer", finish: metadata,
		attrs: map[string]action{
			"srcs":             keep("files"),
			"symlinks":         keep("symlinks"),
			"annotations":      keep("annotations"),
			"compress":         keep("compression"),
			"default_metadata": later, "file_metadata": later,
			"include_runfiles":          always("True", "the runfiles of programs are always added"),
			"create_parent_directories": drop("parent directories are entries, with the metadata that they have in the image below if over names it"),
			"estargz":                   always(`"disabled"`, "layers are not in this format"),
			"optimize":                  drop(""),
		},
	},
	"layer_from_tar": {
		role: layer, to: "image_layer",
		attrs: map[string]action{
			"src": func(c *call, a *attr) {
				c.rename(a, "tars")
				c.set(a, "["+c.file.source(a.value)+"]")
			},
			"optimize":    drop("a single archive becomes the layer, byte for byte"),
			"compress":    keep("compression"),
			"annotations": keep("annotations"),
			"media_type":  keep("media_type"),
			"estargz":     always(`"disabled"`, "layers are not in this format"),
		},
	},
	"layer_from_binary": {
		role: layer, to: "image_binary_layers",
		attrs: map[string]action{
			"binary":           keep("binary"),
			"path":             keep("path"),
			"layer_budget":     keep("max_layers"),
			"include_runfiles": keep("runfiles"),
			"compress":         keep("compression"),
			"annotations":      refuse("no-counterpart", "these layers have no annotations", "remove it"),
		},
	},
	"image_from_binary": {
		role: image, to: "image_from_binary", targets: []string{"base", "layers"}, finish: onePlatform, provide: provideSpecs,
		attrs: merged(imgImage, map[string]action{
			"binary":           keep("binary"),
			"path":             keep("path"),
			"layer_budget":     keep("max_layers"),
			"include_runfiles": keep("runfiles"),
			"platforms":        later,
			"kind":             later,
		}),
	},
	"image_manifest": {role: image, to: "image", targets: []string{"base", "layers"}, attrs: imgImage, variant: asArtifact, provide: provideSpecs},
	"image_index": {
		role: image, to: "image_index", targets: []string{"manifests"}, provide: provideSpecs,
		attrs: map[string]action{
			"manifests":        labels("images"),
			"platforms":        keep("platforms"),
			"annotations":      templates(listed("annotations", "")),
			"annotations_file": keep("annotations_file"),
			"stamp":            imgStamp,
			"push_specs":       deployed,
			"load_specs":       deployed,
		},
	},
	"image_push":      imgPushRule,
	"image_load":      imgLoadRule,
	"image_push_spec": specs(imgPushRule),
	"image_load_spec": specs(imgLoadRule),
	"image_structure_test": {
		role: test, to: "image_test", targets: []string{"image"},
		attrs: map[string]action{"image": label("image"), "configs": keep("configs")},
	},
	"pull": imgPull,
	"image_manifest_from_oci_layout": {
		role: image, to: "image_import",
		attrs: map[string]action{
			"src": keep("src"), "layers": drop(""),
			"architecture": drop("the archive has the platform"), "os": drop(""), "variant": drop(""),
		},
	},
	"image_index_from_oci_layout": {
		role: image, to: "image_import",
		attrs: map[string]action{"src": keep("src"), "layers": drop(""), "manifests": keep("platforms")},
	},
	"multi_deploy": {
		role: program, to: "image_push_all", targets: []string{"operations"}, finish: deploy, complete: resolveDeploy,
		attrs: map[string]action{
			"operations": labels("operations"), "deploy_operations": later,
			"push_strategy": drop(""), "load_strategy": drop(""), "tool_cfg": drop(""),
		},
	},
}

// imgImage are the attributes of image_manifest, which image_from_binary passes on.
var imgImage = map[string]action{
	"base":              label("base"),
	"layers":            labels("layers"),
	"entrypoint":        inherited,
	"cmd":               inherited,
	"env":               templates(environment),
	"env_file":          keep("env_file"),
	"labels":            templates(listed("labels", "")),
	"label_files":       oneFile("labels_file"),
	"annotations":       templates(listed("annotations", "")),
	"annotations_file":  keep("annotations_file"),
	"user":              keep("user"),
	"working_dir":       keep("workdir"),
	"stop_signal":       keep("stop_signal"),
	"created":           keep("created_file"),
	"created_timestamp": templates(keep("created")),
	"platform":          keep("platform"),
	"stamp":             imgStamp,
	"push_specs":        deployed,
	"load_specs":        deployed,
}

// always drops an attribute with the value that always applies here.
func always(value, reason string) action {
	return func(c *call, a *attr) {
		if c.file.source(a.value) == value {
			c.drop(a)
			return
		}
		c.refuse(a.name, "no-counterpart", reason, "remove it, if the image works without it")
	}
}

// oneFile takes a list with one file over.
func oneFile(to string) action {
	return func(c *call, a *attr) {
		list, ok := a.value.(*build.ListExpr)
		if !ok || len(list.List) != 1 {
			c.refuse(a.name, "file", "the attribute has several files", "merge them: "+to+" is one file")
			return
		}
		c.rename(a, to)
		c.set(a, c.file.source(list.List[0]))
	}
}

// imgStamp translates "force", "disabled" and "enabled" to the numbers of Bazel's own rules.
func imgStamp(c *call, a *attr) {
	s, _ := a.value.(*build.StringExpr)
	switch text(s) {
	case "force":
		c.set(a, "1")
	case "disabled":
		c.set(a, "0")
	case "enabled", "auto":
		c.drop(a)
	default:
		c.refuse(a.name, "stamp", "the value decides about stamping", "write 1, 0 or -1")
	}
}

// Go templates of rules_img that are variables of the workspace status: {{.NAME}}, and one with a default.
var (
	statusVariable = regexp.MustCompile(`\{\{-? *\.([A-Z][A-Z0-9_]*) *-?\}\}`)
	statusDefault  = regexp.MustCompile(`\{\{-? *if \.([A-Z][A-Z0-9_]*) *-?\}\}\{\{-? *\.([A-Z][A-Z0-9_]*) *-?\}\}\{\{-? *else *-?\}\}([^{}|]*)\{\{-? *end *-?\}\}`)
)

// templates translates the templates in an attribute, and refuses those that are not variables.
func templates(do action) action {
	return func(c *call, a *attr) {
		build.Walk(a.value, func(x build.Expr, _ []build.Expr) {
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
			rest := known.ReplaceAllString(imgVariable.ReplaceAllString(value, ""), "")
			if c.rule.goes {
				rest = strings.NewReplacer(ofImage[0], "", ofImage[1], "").Replace(rest)
			}
			if strings.Contains(rest, "{{") {
				c.refuse(a.name, "template", fmt.Sprintf("%q is a template", s.Value), "write {{NAME}} for a variable of the workspace status")
				return
			}
			if value != s.Value {
				c.replace(x, fmt.Sprintf("%q", value))
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
func onePlatform(c *call, _ *attr) {
	kind, literal := c.text("kind")
	if a := c.attr("kind"); a != nil {
		if c.drop(a); !literal {
			c.refuse("kind", "not-literal", "the kind is not a literal", "write it in this call")
			return
		}
	}
	a := c.attr("platforms")
	if a == nil {
		return
	}
	list, ok := a.value.(*build.ListExpr)
	switch {
	case !ok && kind != "index":
		c.refuse("platforms", "not-literal", "the platforms are not a list", "write them in this call")
	case ok && len(list.List) == 1 && kind != "index":
		c.rename(a, "platform")
		c.set(a, c.file.source(list.List[0]))
	case kind == "manifest":
		c.refuse("kind", "no-counterpart", "an image has one platform", "list one platform")
	}
}
