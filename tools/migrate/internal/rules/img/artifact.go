package img

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// artifact is image_manifest of rules_img with a config of another media type than that of an image.
var artifact = &model.Rule{
	Ruleset: "rules_img", Name: "image_artifact", Role: model.Image, To: "image_artifact", Targets: []string{"layers", "subject"}, Finish: artifactFiles,
	Attrs: map[string]model.Action{
		"config_media_type": func(c *model.Call, a *model.Attr) {
			if s, ok := c.Text(a.Name); ok && s == emptyConfig {
				c.Drop(a)
			}
		},
		"config_fragment": attr.Keep("config"),
		"artifact_type":   attr.Keep("artifact_type"),
		"subject":         attr.Label("subject"),
		"annotations": func(c *model.Call, a *model.Attr) {
			attr.Listed("annotations", "")(c, a)
			if strings.Contains(c.File.Source(a.Value), "{{") {
				c.Refuse(a.Name, "template", "image_artifact expands no variables in annotations", "write the value")
			}
		},
		"annotations_file": attr.Keep("annotations_file"),
		"layers":           attr.Later,
		"platform":         attr.Drop("an artifact has no platform"),
	},
}

// emptyConfig is the media type of an artifact without a config.
const emptyConfig = "application/vnd.oci.empty.v1+json"

// asArtifact returns the rule of a call of image_manifest with a config of another media type.
func asArtifact(c *model.Call) *model.Rule {
	if c.Attr("config_media_type") != nil && c.Kind() == "image_manifest" {
		return artifact
	}
	return nil
}

// artifactFiles turns layers into files with the media type of layers and no title.
func artifactFiles(c *model.Call, _ *model.Attr) {
	a := c.Attr("layers")
	if a == nil {
		return
	}
	list, ok := a.Value.(*build.ListExpr)
	if !ok {
		c.Refuse(a.Name, "not-literal", "the layers are not a list", "write files of an image_artifact")
		return
	}
	var files, titles []string
	for _, value := range list.List {
		s, _ := value.(*build.StringExpr)
		if strings.HasSuffix(expr.Text(s), "rules_img//img/layer:empty") {
			continue // image_artifact adds it
		}
		key, ok := c.Key(value)
		target := c.File.Workspace.Targets[key]
		if s == nil || !ok || target == nil || target.Rule.To != "image_layer" || target.Attr("compress") != nil || target.Attr("media_type") != nil {
			c.Refuse(a.Name, "unknown-type", "only Bazel knows the media type of "+c.File.Source(value), "write files of an image_artifact")
			return
		}
		c.Need("files", value)
		files = append(files, fmt.Sprintf("%q: %q", s.Value, "application/vnd.oci.image.layer.v1.tar+gzip"))
		titles = append(titles, fmt.Sprintf("%q: \"\"", s.Value))
	}
	if len(files) == 0 {
		c.Drop(a)
		return
	}
	c.Rename(a, "files")
	c.Set(a, "{"+strings.Join(files, ", ")+"}")
	c.AddText("titles", "{"+strings.Join(titles, ", ")+"}")
}
