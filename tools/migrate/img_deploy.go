package main

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

var imgPushRule = &rule{
	role: program, to: "image_push", targets: []string{"image"}, finish: imgPush,
	attrs: map[string]action{
		"image": label("image"), "registry": templates(later), "repository": templates(later), "tag": templates(later),
		"tag_list": templates(keep("remote_tags")),
		"tag_file": keep("tag_file"), "destination_file": keep("repository_file"),
		"cross_mount_from": drop("layers are uploaded if the repository lacks them"),
		"strategy":         drop("layers that are not on this machine are read from their registry or the remote cache"),
		"stamp":            drop("variables are expanded when the program runs"),
	},
}

var imgLoadRule = &rule{
	role: program, to: "image_load", targets: []string{"image"}, finish: imgLoad,
	attrs: map[string]action{
		"image": label("image"), "registry": templates(later), "repository": templates(later), "tag": templates(later),
		"tag_list": templates(keep("repo_tags")),
		"tag_file": keep("repo_tags_file"),
		"daemon":   keep("engine"),
		"strategy": drop("layers that are not on this machine are read from their registry or the remote cache"),
		"stamp":    drop("variables are expanded when the program runs"),
	},
}

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
	_, ok := c.text("tag")
	full := strings.Trim(c.take(tag.value), `"`)
	separator := ":"
	for _, name := range []string{"repository", "registry"} {
		if a := c.attr(name); a != nil {
			_, literal := c.text(name)
			full, ok = strings.Trim(c.take(a.value), `"`)+separator+full, ok && literal
			c.drop(a)
		}
		separator = "/"
	}
	if ok && c.attr("registry") == nil && c.attr("repository") != nil {
		if registry := c.file.workspace.registry(); registry != registryVariable {
			full = registry + "/" + full
		}
	}
	if !ok || c.attr("tag_list") != nil {
		c.refuse("tag", "not-literal", "the name of the image is not a literal", `write repo_tags = ["REPOSITORY:TAG"]`)
		return
	}
	c.rename(tag, "repo_tags")
	c.set(tag, fmt.Sprintf("[%q]", full))
}

// qualify makes full names of tags.
func (c *call) qualify(tags []build.Expr) {
	_, ok := c.text("repository")
	name := strings.Trim(c.take(c.attr("repository").value), `"`)
	c.drop(c.attr("repository"))
	if registry := c.attr("registry"); registry != nil {
		_, literal := c.text("registry")
		name, ok = strings.Trim(c.take(registry.value), `"`)+"/"+name, ok && literal
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
