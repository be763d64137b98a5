package main

import (
	"fmt"

	"github.com/bazelbuild/buildtools/build"
)

// Rules of rules_oci.
var ociRules = map[string]*rule{
	"oci_image": {
		role: image, to: "image", targets: []string{"base"},
		attrs: map[string]action{
			"base":          label("base"),
			"tars":          tars,
			"entrypoint":    inherited,
			"cmd":           inherited,
			"env":           environment,
			"labels":        listed("labels", "labels_file"),
			"annotations":   listed("annotations", "annotations_file"),
			"exposed_ports": listed("exposed_ports", ""),
			"volumes":       listed("volumes", ""),
			"user":          keep("user"),
			"workdir":       keep("workdir"),
			"os":            platform("os"),
			"architecture":  platform("architecture"),
			"variant":       platform("variant"),
			"created":       keep("created_file"),
			"resource_set":  drop(""),
		},
	},
	"oci_image_index": {
		role: image, to: "image_index", targets: []string{"images"},
		attrs: map[string]action{
			"images":      labels("images"),
			"platforms":   keep("platforms"),
			"annotations": listed("annotations", "annotations_file"),
		},
	},
	"oci_push": {
		role: program, to: "image_push", targets: []string{"image"},
		attrs: map[string]action{
			"image":           label("image"),
			"repository":      keep("repository"),
			"repository_file": keep("repository_file"),
			"remote_tags":     listed("remote_tags", "tag_file"),
		},
	},
	"oci_load":    ociLoad(),
	"oci_tarball": ociLoad(),
	"oci_pull":    ociPull,
}

func ociLoad() *rule {
	return &rule{
		role: program, to: "image_load", targets: []string{"image"},
		attrs: map[string]action{
			"image":     label("image"),
			"repo_tags": listed("repo_tags", "repo_tags_file"),
			"format":    only("docker", "an archive in another format is the output group oci_layout of the image"),
			"loader":    refuse("no-counterpart", "the loader is a program of its own", "remove it; image_load loads into Docker, Podman and containerd"),
		},
	}
}

// inherited takes a command over. An empty one, which removes that of the base, becomes an entry of clear.
func inherited(c *call, a *attr) {
	if list, ok := a.value.(*build.ListExpr); ok && len(list.List) == 0 && c.attr("base") != nil {
		c.drop(a)
		c.clear(a.name)
		if c.rule.ruleset == "rules_oci" && a.name == "entrypoint" && c.attr("cmd") == nil {
			c.clear("cmd") // an entrypoint removes the base's arguments
		}
		return
	}
	listed(a.name, a.name+"_file")(c, a)
}

// only drops an attribute that has the value that is the default here.
func only(value, advice string) action {
	return func(c *call, a *attr) {
		if s, ok := a.value.(*build.StringExpr); ok && s.Value == value {
			c.drop(a)
			return
		}
		c.refuse(a.name, "no-counterpart", fmt.Sprintf("values other than %q have no counterpart", value), advice)
	}
}

// tars turns the list of tars into layers: image accepts tars among its layers, and the target of a tar may become a layer.
func tars(c *call, a *attr) {
	c.rename(a, "layers")
	all, complete := items(a.value)
	if !complete {
		return
	}
	for _, value := range all {
		c.need(a.name, value)
	}
}
