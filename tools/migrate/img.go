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
		role: image, to: "image_from_binary", targets: []string{"base", "layers"}, finish: onePlatform,
		attrs: merged(imgImage, map[string]action{
			"binary":           keep("binary"),
			"path":             keep("path"),
			"layer_budget":     keep("max_layers"),
			"include_runfiles": keep("runfiles"),
			"platforms":        later,
			"kind":             later,
		}),
	},
	"image_manifest": {role: image, to: "image", targets: []string{"base", "layers"}, attrs: imgImage},
	"image_index": {
		role: image, to: "image_index", targets: []string{"manifests"},
		attrs: map[string]action{
			"manifests":        labels("images"),
			"platforms":        keep("platforms"),
			"annotations":      templates(listed("annotations", "")),
			"annotations_file": keep("annotations_file"),
			"stamp":            imgStamp,
		},
	},
	"image_push": {
		role: program, to: "image_push", targets: []string{"image"}, finish: imgPush,
		attrs: map[string]action{
			"image": label("image"), "registry": templates(later), "repository": templates(later), "tag": templates(later),
			"tag_list": templates(keep("remote_tags")),
			"tag_file": keep("tag_file"), "destination_file": keep("repository_file"),
			"cross_mount_from": drop("layers are uploaded if the repository lacks them"),
			"strategy":         drop("layers that are not on this machine are read from their registry or the remote cache"),
			"stamp":            drop("variables are expanded when the program runs"),
		},
	},
	"image_load": {
		role: program, to: "image_load", targets: []string{"image"}, finish: imgLoad,
		attrs: map[string]action{
			"image": label("image"), "registry": templates(later), "repository": templates(later), "tag": templates(later),
			"tag_list": templates(keep("repo_tags")),
			"tag_file": keep("repo_tags_file"),
			"daemon":   keep("engine"),
			"strategy": drop("layers that are not on this machine are read from their registry or the remote cache"),
			"stamp":    drop("variables are expanded when the program runs"),
		},
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
		role: program, to: "image_push_all", targets: []string{"operations"}, finish: deploy,
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
			if rest := known.ReplaceAllString(imgVariable.ReplaceAllString(value, ""), ""); strings.Contains(rest, "{{") {
				c.refuse(a.name, "template", fmt.Sprintf("%q is a template", s.Value), "write {{NAME}} for a variable of the workspace status")
				return
			}
			if value != s.Value {
				c.replace(x, fmt.Sprintf("%q", value))
			}
		})
		do(c, a)
	}
}

// known matches a variable of the workspace status in our form.
var known = regexp.MustCompile(`\{\{[A-Z][A-Z0-9_]*(?:\|[^{}]*)?\}\}`)

// imgPush joins registry and repository. Without a registry, that of the flag applies.
func imgPush(c *call, _ *attr) {
	if c.attr("tag") != nil && c.attr("tag_list") != nil {
		c.refuse("tag", "two-tags", "the call has tag and tag_list", "use tag_list for all tags")
		return
	}
	repository := c.attr("repository")
	if c.attr("destination_file") != nil && repository == nil && c.attr("registry") == nil {
		c.pushTag()
		return
	}
	if c.attr("registry") != nil || repository == nil {
		registryPush(c, nil)
		return
	}
	if !isString(repository.value) {
		c.refuse("repository", "not-literal", "registry and repository are not strings", "write them in this call")
		return
	}
	registry := c.file.workspace.registry()
	if registry == registryVariable {
		c.note("add common --define=IMAGE_REGISTRY=REGISTRY to .bazelrc; it replaces the flag destination_registry of rules_img")
	}
	prefix := &build.StringExpr{Value: registry}
	c.set(repository, joined(fmt.Sprintf("%q", registry), c.take(repository.value), prefix, repository.value))
	c.pushTag()
}

// imgLoad joins registry, repository and tag.
func imgLoad(c *call, _ *attr) {
	tag := c.attr("tag")
	if list := c.attr("tag_list"); list != nil && tag == nil && c.attr("tag_file") == nil {
		if tags, ok := list.value.(*build.ListExpr); ok && c.attr("repository") != nil {
			c.qualify(tags.List)
			return
		}
	}
	if tag == nil {
		if a := c.attr("repository"); a != nil || c.attr("tag_list") == nil && c.attr("tag_file") == nil {
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
	if ok && c.attr("registry") == nil && c.attr("repository") != nil {
		if registry := c.file.workspace.registry(); registry != registryVariable {
			full = registry + "/" + full
		}
	}
	if !ok || strings.Contains(full, "{{") || c.attr("tag_list") != nil {
		c.refuse("tag", "not-literal", "the name of the image is not a literal", `write repo_tags = ["REPOSITORY:TAG"]`)
		return
	}
	c.rename(tag, "repo_tags")
	c.set(tag, fmt.Sprintf("[%q]", full))
}

// qualify makes full names of tags.
func (c *call) qualify(tags []build.Expr) {
	name, ok := c.text("repository")
	c.drop(c.attr("repository"))
	if registry := c.attr("registry"); registry != nil {
		host, literal := c.text("registry")
		name, ok = host+"/"+name, ok && literal
		c.drop(registry)
	} else if registry := c.file.workspace.registry(); registry != registryVariable {
		name = registry + "/" + name
	}
	for _, x := range tags {
		s, literal := x.(*build.StringExpr)
		if ok = ok && literal; ok {
			c.replace(x, fmt.Sprintf("%q", name+":"+strings.Trim(c.take(s), `"`)))
		}
	}
	if !ok {
		c.refuse("tag_list", "not-literal", "the names of the image are not literals", `write repo_tags = ["REPOSITORY:TAG"]`)
	}
}

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
