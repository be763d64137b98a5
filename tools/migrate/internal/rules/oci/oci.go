// Package oci translates rules_oci.
package oci

import (
	"fmt"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Rules of rules_oci.
var Rules = map[string]*model.Rule{
	"oci_image": {
		Role: model.Image, To: "image", Targets: []string{"base"},
		Attrs: map[string]model.Action{
			"base":          attr.Label("base"),
			"tars":          tars,
			"entrypoint":    attr.Inherited,
			"cmd":           attr.Inherited,
			"env":           attr.Environment,
			"labels":        attr.Listed("labels", "labels_file"),
			"annotations":   attr.Listed("annotations", "annotations_file"),
			"exposed_ports": attr.Listed("exposed_ports", ""),
			"volumes":       attr.Listed("volumes", ""),
			"user":          attr.Keep("user"),
			"workdir":       attr.Keep("workdir"),
			"os":            attr.Platform("os"),
			"architecture":  attr.Platform("architecture"),
			"variant":       attr.Platform("variant"),
			"created":       attr.Keep("created_file"),
			"resource_set":  attr.Drop(""),
		},
	},
	"oci_image_index": {
		Role: model.Image, To: "image_index", Targets: []string{"images"},
		Attrs: map[string]model.Action{
			"images":      attr.Labels("images"),
			"platforms":   attr.Keep("platforms"),
			"annotations": attr.Listed("annotations", "annotations_file"),
		},
	},
	"oci_push": {
		Role: model.Program, To: "image_push", Targets: []string{"image"},
		Attrs: map[string]model.Action{
			"image":           attr.Label("image"),
			"repository":      attr.Keep("repository"),
			"repository_file": attr.Keep("repository_file"),
			"remote_tags":     attr.Listed("remote_tags", "tag_file"),
		},
	},
	"oci_load":    load(),
	"oci_tarball": load(),
	"oci_pull":    pull,
}

func load() *model.Rule {
	return &model.Rule{
		Role: model.Program, To: "image_load", Targets: []string{"image"},
		Attrs: map[string]model.Action{
			"image":     attr.Label("image"),
			"repo_tags": attr.Listed("repo_tags", "repo_tags_file"),
			"format":    only("docker", "an archive in another format is the output group oci_layout of the image"),
			"loader":    attr.Refuse("no-counterpart", "the loader is a program of its own", "remove it; image_load loads into Docker, Podman and containerd"),
		},
	}
}

// only drops an attribute that has the value that is the default here.
func only(value, advice string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		if s, ok := a.Value.(*build.StringExpr); ok && s.Value == value {
			c.Drop(a)
			return
		}
		c.Refuse(a.Name, "no-counterpart", fmt.Sprintf("values other than %q have no counterpart", value), advice)
	}
}

// tars turns the list of tars into layers: image accepts tars among its layers, and the target of a tar may become a layer.
func tars(c *model.Call, a *model.Attr) {
	c.Rename(a, "layers")
	all, complete := expr.Items(a.Value)
	if !complete {
		return
	}
	for _, value := range all {
		c.Need(a.Name, value)
	}
}
