package docker

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// bundle takes the dictionary NAME -> image of a container_bundle over.
func bundle(c *model.Call, a *model.Attr) {
	c.Rename(a, "images")
	for _, entry := range expr.Entries(a.Value) {
		naming.StatusVariables(c, entry.Key)
		c.Need(a.Name, entry.Value)
	}
	// The images of a variable are those of the calls that use it.
	if name, ok := a.Value.(*build.Ident); ok && c.Scope == nil {
		before := len(c.Edits)
		for _, value := range flow.Into(c.File, name.Name) {
			for _, entry := range expr.Entries(value) {
				naming.StatusVariables(c, entry.Key)
			}
		}
		if len(c.Edits) > before && flow.UsersOf(c.File, name.Name).Text {
			c.Refuse(a.Name, "used-by", "another rule reads the names in "+name.Name+", too, which would change", "give that rule a dictionary of its own")
		}
	}
}

// bundled is what a docker_push pushes: the images of a variable, or those of destinations.
type bundled struct {
	images       string
	destinations []destination
}

// destination is an image_push for images of a bundle that have the same repository. Its texts are Starlark.
type destination struct {
	image            build.Expr
	repository, tags string
}

// resolveBundle finds out what a docker_push pushes: the images of a container_bundle, by their names.
func resolveBundle(c *model.Call, ref *model.Reference) *model.Call {
	target := c.File.Workspace.Targets[ref.Key]
	if target == nil || !target.Rule.Is("container_bundle") || target.File != c.File || target.Scope != c.Scope {
		c.Refuse(ref.Attr, "unknown-target", "the container_bundle is not in this file", "write an image_push for each image, and an image_push_all")
		return nil
	}
	pushed := &bundled{}
	c.Own = pushed
	switch images := target.Attr("images"); {
	case images == nil:
	case expr.IsVariable(images.Value):
		pushed.images = c.File.Source(images.Value)
	default:
		if dict, ok := images.Value.(*build.DictExpr); ok {
			for _, entry := range dict.List {
				pushed.add(c, entry)
			}
		}
	}
	if len(pushed.destinations) == 0 && pushed.images == "" {
		c.Refuse(ref.Attr, "not-literal", "the images and their names are not in a dictionary", "write an image_push for each image, and an image_push_all")
	}
	return target
}

func (b *bundled) add(c *model.Call, entry *build.KeyValueExpr) {
	image := entry.Value
	s, literal := entry.Key.(*build.StringExpr)
	if !literal {
		probe := &model.Call{File: c.File, Rule: c.Rule}
		naming.StatusVariables(probe, entry.Key)
		name := "(" + probe.Take(entry.Key) + ")"
		b.destinations = append(b.destinations, destination{image, name + `.rpartition(":")[0]`, name + `.rpartition(":")[2]`})
		return
	}
	repository, tag := s.Value, "latest"
	if at := strings.LastIndexByte(repository, ':'); at > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:at], repository[at+1:]
	}
	repository, tag = fmt.Sprintf("%q", naming.StatusText(repository)), fmt.Sprintf("%q", naming.StatusText(tag))
	for i := range b.destinations {
		if d := &b.destinations[i]; d.repository == repository && c.File.Source(d.image) == c.File.Source(image) {
			d.tags += ", " + tag
			return
		}
	}
	b.destinations = append(b.destinations, destination{image, repository, tag})
}

// providePushes writes the image_push targets of an image_push_all.
func providePushes(c *model.Call) {
	pushed, ok := c.Own.(*bundled)
	if !ok {
		return
	}
	a := c.Attr("bundle")
	c.Rename(a, "pushes")
	if pushed.images != "" {
		// One for each entry of a variable.
		name := c.FreeName("_push")
		c.Generate("image_push", name+` + "%d" % i`, model.Settings{
			"image": "image", "repository": `tag.rpartition(":")[0]`, "remote_tags": `[tag.rpartition(":")[2]]`,
		})
		last := &c.Made[len(c.Made)-1]
		last.Text = "[\n    " + format.Indented(last.Text, "    ") + "\n    for i, (tag, image) in enumerate(" + pushed.images + ".items())\n]"
		c.Set(a, "["+c.Ref(name)+` + "%d" % i for i in range(len(`+pushed.images+"))]")
		return
	}
	var names []string
	for _, d := range pushed.destinations {
		name := c.FreeName("_push")
		names = append(names, c.Ref(name))
		image := c.File.Workspace.Sources[d.image]
		if image == "" {
			image = c.File.Source(d.image)
		}
		c.Generate("image_push", name, model.Settings{"image": image, "repository": d.repository, "remote_tags": "[" + d.tags + "]"})
	}
	c.Set(a, "["+strings.Join(names, ", ")+"]")
}
