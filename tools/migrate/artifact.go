package main

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// imgArtifact is image_manifest of rules_img with a config of another media type than that of an image.
var imgArtifact = &rule{
	ruleset: "rules_img", name: "image_artifact", role: image, to: "image_artifact", targets: []string{"layers", "subject"}, finish: artifactFiles,
	attrs: map[string]action{
		"config_media_type": func(c *call, a *attr) {
			if s, ok := c.text(a.name); ok && s == emptyConfig {
				c.drop(a)
			}
		},
		"config_fragment": keep("config"),
		"artifact_type":   keep("artifact_type"),
		"subject":         label("subject"),
		"annotations": func(c *call, a *attr) {
			listed("annotations", "")(c, a)
			if strings.Contains(c.file.source(a.value), "{{") {
				c.refuse(a.name, "template", "image_artifact expands no variables in annotations", "write the value")
			}
		},
		"annotations_file": keep("annotations_file"),
		"layers":           later,
		"platform":         drop("an artifact has no platform"),
	},
}

// emptyConfig is the media type of an artifact without a config.
const emptyConfig = "application/vnd.oci.empty.v1+json"

// asArtifact returns the rule of a call of image_manifest with a config of another media type.
func asArtifact(c *call) *rule {
	if c.attr("config_media_type") != nil && c.kind() == "image_manifest" {
		return imgArtifact
	}
	return nil
}

// artifactFiles turns layers into files with the media type of layers and no title.
func artifactFiles(c *call, _ *attr) {
	a := c.attr("layers")
	if a == nil {
		return
	}
	list, ok := a.value.(*build.ListExpr)
	if !ok {
		c.refuse(a.name, "not-literal", "the layers are not a list", "write files of an image_artifact")
		return
	}
	var files, titles []string
	for _, value := range list.List {
		s, _ := value.(*build.StringExpr)
		if strings.HasSuffix(text(s), "rules_img//img/layer:empty") {
			continue // image_artifact adds it
		}
		key, ok := c.key(value)
		target := c.file.workspace.targets[key]
		if s == nil || !ok || target == nil || target.rule.to != "image_layer" || target.attr("compress") != nil || target.attr("media_type") != nil {
			c.refuse(a.name, "unknown-type", "only Bazel knows the media type of "+c.file.source(value), "write files of an image_artifact")
			return
		}
		c.need("files", value)
		files = append(files, fmt.Sprintf("%q: %q", s.Value, "application/vnd.oci.image.layer.v1.tar+gzip"))
		titles = append(titles, fmt.Sprintf("%q: \"\"", s.Value))
	}
	if len(files) == 0 {
		c.drop(a)
		return
	}
	c.rename(a, "files")
	c.set(a, "{"+strings.Join(files, ", ")+"}")
	c.addText("titles", "{"+strings.Join(titles, ", ")+"}")
}
