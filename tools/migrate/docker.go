package main

import (
	"fmt"
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
			"author":           keep("author"),
			"os_version":       platform("os_version"),
			"null_cmd":         emptied("cmd"),
			"null_entrypoint":  emptied("entrypoint"),
			// These concern bazel run on the image.
			"repository":               drop("image_load names the image"),
			"legacy_repository_naming": drop(""),
			"legacy_run_behavior":      drop(""),
			"docker_run_flags":         drop("docs/push-and-load.md shows how to run a container"),
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
			"image":                 label("image"),
			"format":                drop(""),
			"registry":              later,
			"repository":            later,
			"tag":                   later,
			"tag_file":              keep("tag_file"),
			"stamp":                 stamp,
			"skip_unchanged_digest": drop("an image that the registry has is not pushed again"),
			"retry_count":           drop(""), "windows_paths": drop(""),
		},
	},
	"container_bundle": {
		role: program, to: "image_load", targets: []string{"images"},
		attrs: map[string]action{
			"images": bundle, "stamp": stamp, "extract_config": drop(""), "experimental_tarball_format": drop(""),
		},
	},
	"push_all": {
		role: program, to: "image_push_all", targets: []string{"bundle"}, resolve: resolveBundle, provide: providePushes,
		attrs: map[string]action{
			"bundle": func(c *call, a *attr) { c.need(a.name, a.value) },
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
			"cpu_variant":  drop("the image for the target platform is used"),
			"os_version":   drop("the image for the target platform is used"),
			"import_tags":  drop(""), "os_features": drop(""), "platform_features": drop(""),
			"docker_client_config": drop("credentials are those of docker login or podman login"),
			"puller_darwin":        drop(""), "puller_linux": drop(""),
		},
	},
}

// later is the action of attributes that finish reads.
var later action

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

// emptied removes the base's command if the attribute is True.
func emptied(command string) action {
	return func(c *call, a *attr) {
		c.drop(a)
		switch name, _ := a.value.(*build.Ident); {
		case name != nil && name.Name == "True":
			if c.attr("base") != nil {
				c.clear(command)
			}
		case name == nil || name.Name != "False":
			c.refuse(a.name, "not-literal", "the value is not True or False", "write it in this call")
		}
	}
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
