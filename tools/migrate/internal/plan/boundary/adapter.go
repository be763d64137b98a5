package boundary

import (
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Adapter returns the rule of the other ruleset that gives its users what a target gave them before the translation, or an
// empty string. Each of these rules reads the file that the translated target has.
func Adapter(c *model.Call) string {
	switch {
	case c.Rule.Ruleset == "rules_docker" && c.Rule.Role == model.Image:
		return "container_image"
	case c.Rule.Ruleset == "rules_docker" && c.Rule.Role == model.Layer:
		return "container_layer"
	case c.Rule.Ruleset == "rules_img" && c.Rule.Role == model.Layer && c.Rule.To == "image_layer":
		return "layer_from_tar"
	}
	return ""
}

// adapt writes the adapter for the users of a translated target, and returns its name. archive is the name of an archive of an
// image.
func adapt(c *model.Call, archive string) string {
	kind := Adapter(c)
	name := c.FreeName(adapterSuffix[c.Rule.Ruleset])
	own := model.Settings{"visibility": c.SourceOf("visibility")}
	switch label := c.Ref(c.File.Source(c.Attr("name").Value)); kind {
	case "container_image":
		own["base"] = c.Ref(archive)
	case "container_layer":
		own["tars"] = "[" + label + "]"
	default:
		own["src"] = label
	}
	c.Generate(kind, name, own)
	c.Note("%s is for rules that need %s; remove it with the last of them", name, c.Rule.Ruleset)
	return name
}

var adapterSuffix = map[string]string{"rules_docker": "_docker", "rules_img": "_img"}

// archiveOf returns the archive of a target that only rules_docker can read: a container_image on top of it has one.
func archiveOf(c *model.Call, target, label string) string {
	name := c.Shared("container_image", label, "_source", model.Settings{"base": target})
	if name[len(name)-1] == '"' {
		return name[:len(name)-1] + `.tar"`
	}
	return name + ` + ".tar"`
}
