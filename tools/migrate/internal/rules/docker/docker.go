// Package docker translates rules_docker.
package docker

import (
	"strings"
	"time"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Rules of rules_docker.
var Rules = map[string]*model.Rule{
	"container_image": {
		Role: model.Image, To: "image", Targets: []string{"base", "layers"}, Finish: makeLayer,
		Attrs: attr.Merged(layerAttributes, packing, map[string]model.Action{
			"base":             baseImage,
			"layers":           attr.Labels("layers"),
			"entrypoint":       command,
			"cmd":              command,
			"env":              attr.Environment,
			"labels":           imageLabels,
			"ports":            attr.Keep("exposed_ports"),
			"volumes":          attr.Keep("volumes"),
			"user":             attr.Keep("user"),
			"workdir":          attr.Keep("workdir"),
			"architecture":     attr.Platform("architecture"),
			"operating_system": attr.Platform("os"),
			"creation_time":    timestamp,
			"stamp":            stamp,
			"author":           attr.Keep("author"),
			"os_version":       attr.Platform("os_version"),
			"null_cmd":         emptied("cmd"),
			"null_entrypoint":  emptied("entrypoint"),
			// These concern bazel run on the image.
			"repository":               attr.Drop("image_load names the image"),
			"legacy_repository_naming": attr.Drop(""),
			"legacy_run_behavior":      attr.Drop(""),
			"docker_run_flags":         attr.Drop("docs/push-and-load.md shows how to run a container"),
		}),
	},
	"container_layer": {
		Role: model.Layer, To: "image_layer", Finish: makeLayer,
		Attrs: attr.Merged(layerAttributes, packing, map[string]model.Action{
			"env": attr.Refuse("layer-env", "a layer has no environment", "set env of the images with this layer"),
		}),
	},
	"container_push": {
		Role: model.Program, To: "image_push", Targets: []string{"image"}, Finish: naming.RegistryPush,
		Attrs: map[string]model.Action{
			"image":                 attr.Label("image"),
			"format":                attr.Drop(""),
			"registry":              attr.Later,
			"repository":            attr.Later,
			"tag":                   attr.Later,
			"tag_file":              attr.Keep("tag_file"),
			"stamp":                 stamp,
			"skip_unchanged_digest": attr.Drop("an image that the registry has is not pushed again"),
			"retry_count":           attr.Drop(""), "windows_paths": attr.Drop(""),
		},
	},
	"container_bundle": {
		Role: model.Program, To: "image_load", Targets: []string{"images"},
		Attrs: map[string]model.Action{
			"images": bundle, "stamp": stamp, "extract_config": attr.Drop(""), "experimental_tarball_format": attr.Drop(""),
		},
	},
	"push_all": {
		Role: model.Program, To: "image_push_all", Targets: []string{"bundle"}, Resolve: resolveBundle, Provide: providePushes,
		Attrs: map[string]model.Action{
			"bundle": func(c *model.Call, a *model.Attr) { c.Need(a.Name, a.Value) },
			"format": attr.Drop(""), "sequential": attr.Drop("all images are pushed together"), "stamp": stamp,
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
	"container_load":   {Role: model.Image, Advice: "use image_import"},
	"container_import": {Role: model.Image, Advice: "use image_import with the archive"},
	"container_flatten": {Role: model.Archive, Targets: []string{"image"},
		Advice: "use image_rootfs(format = \"tar\")"},
	"container_test": {
		Role: model.Test, To: "image_test", Targets: []string{"image"},
		Attrs: map[string]model.Action{
			"image": attr.Label("image"), "configs": attr.Keep("configs"),
			"driver": attr.Drop("image_test needs no engine"), "verbose": attr.Drop(""), "loaded_name": attr.Drop(""),
		},
	},
	"container_pull": {
		Role: model.Pull, To: "images_pull", Finish: naming.FinishPull,
		Attrs: map[string]model.Action{
			"registry":     attr.Later,
			"repository":   attr.Later,
			"tag":          attr.Later,
			"digest":       attr.Later,
			"architecture": attr.Drop("the image for the target platform is used"),
			"os":           attr.Drop("the image for the target platform is used"),
			"timeout":      attr.Drop(""),
			"cpu_variant":  attr.Drop("the image for the target platform is used"),
			"os_version":   attr.Drop("the image for the target platform is used"),
			"import_tags":  attr.Drop(""), "os_features": attr.Drop(""), "platform_features": attr.Drop(""),
			"docker_client_config": attr.Drop("credentials are those of docker login or podman login"),
			"puller_darwin":        attr.Drop(""), "puller_linux": attr.Drop(""),
		},
	},
}

// command takes a command over, which may also be text for a shell.
func command(c *model.Call, a *model.Attr) {
	if flow.Kind(c, a.Value) == "string" {
		c.Set(a, `["/bin/sh", "-c", `+c.File.Source(a.Value)+"]")
		return
	}
	attr.Inherited(c, a)
}

// emptied removes the base's command if the attribute is True.
func emptied(command string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		c.Drop(a)
		switch name, _ := a.Value.(*build.Ident); {
		case name != nil && name.Name == "True":
			if c.Attr("base") != nil {
				c.Clear(command)
			}
		case name == nil || name.Name != "False":
			c.Refuse(a.Name, "not-literal", "the value is not True or False", "write it in this call")
		}
	}
}

func imageLabels(c *model.Call, a *model.Attr) {
	c.Rename(a, "labels")
	naming.StatusVariables(c, a.Value)
	build.Walk(a.Value, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok && strings.HasPrefix(s.Value, "@") {
			c.Refuse(a.Name, "file", "a label comes from a file", "write labels_file, or the value")
		}
	})
}

func timestamp(c *model.Call, a *model.Attr) {
	s, ok := a.Value.(*build.StringExpr)
	c.Rename(a, "created")
	if strings.HasPrefix(expr.Text(s), "{") && strings.HasSuffix(expr.Text(s), "}") {
		naming.StatusVariables(c, a.Value)
		return
	}
	if _, err := time.Parse(time.RFC3339, expr.Text(s)); !ok || err != nil {
		c.Refuse(a.Name, "time", "the time is not like 2025-01-31T12:00:00Z", "write the time in this form, or remove it")
	}
}

func stamp(c *model.Call, a *model.Attr) {
	if c.Rule.Role != model.Image {
		c.Drop(a)
		return
	}
	switch name, _ := a.Value.(*build.Ident); {
	case name != nil && name.Name == "True":
		c.Set(a, "1")
		c.Note("the creation time stays fixed; created = \"{{STABLE_NAME}}\" sets it from a variable of the workspace status")
	case name != nil && name.Name == "False":
		c.Drop(a)
	default:
		if _, label := a.Value.(*build.StringExpr); label {
			c.Drop(a)
			return
		}
		c.Set(a, "1 if "+c.File.Source(a.Value)+" else 0")
	}
}
