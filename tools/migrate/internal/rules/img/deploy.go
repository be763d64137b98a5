package img

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

var pushRule = &model.Rule{
	Role: model.Program, To: "image_push", Targets: []string{"image"}, Finish: push,
	Attrs: map[string]model.Action{
		"image": attr.Label("image"), "registry": templates(attr.Later), "repository": templates(attr.Later), "tag": templates(attr.Later),
		"tag_list": templates(attr.Keep("remote_tags")),
		"tag_file": attr.Keep("tag_file"), "destination_file": attr.Keep("repository_file"),
		"cross_mount_from": attr.Drop("layers are uploaded if the repository lacks them"),
		"strategy":         attr.Drop("layers that are not on this machine are read from their registry or the remote cache"),
		"stamp":            attr.Drop("variables are expanded when the program runs"),
	},
}

var loadRule = &model.Rule{
	Role: model.Program, To: "image_load", Targets: []string{"image"}, Finish: load,
	Attrs: map[string]model.Action{
		"image": attr.Label("image"), "registry": templates(attr.Later), "repository": templates(attr.Later), "tag": templates(attr.Later),
		"tag_list": templates(attr.Keep("repo_tags")),
		"tag_file": attr.Keep("repo_tags_file"),
		"daemon":   attr.Keep("engine"),
		"strategy": attr.Drop("layers that are not on this machine are read from their registry or the remote cache"),
		"stamp":    attr.Drop("variables are expanded when the program runs"),
	},
}

// push joins registry and repository. Without a registry, that of the flag applies.
func push(c *model.Call, _ *model.Attr) {
	if c.Attr("tag") != nil && c.Attr("tag_list") != nil {
		c.Refuse("tag", "two-tags", "the call has tag and tag_list", "use tag_list for all tags")
		return
	}
	repository := c.Attr("repository")
	if c.Attr("destination_file") != nil && repository == nil && c.Attr("registry") == nil {
		naming.PushTag(c)
		return
	}
	if c.Attr("registry") != nil || repository == nil {
		naming.RegistryPush(c, nil)
		return
	}
	if !expr.IsString(repository.Value) {
		c.Refuse("repository", "not-literal", "registry and repository are not strings", "write them in this call")
		return
	}
	registry := defaultRegistry(c.File.Workspace)
	if registry == registryVariable {
		c.Note("add common --define=IMAGE_REGISTRY=REGISTRY to .bazelrc; it replaces the flag destination_registry of rules_img")
	}
	prefix := &build.StringExpr{Value: registry}
	c.Set(repository, naming.Joined(fmt.Sprintf("%q", registry), c.Take(repository.Value), prefix, repository.Value))
	naming.PushTag(c)
}

// load joins registry, repository and tag.
func load(c *model.Call, _ *model.Attr) {
	tag := c.Attr("tag")
	if list := c.Attr("tag_list"); list != nil && tag == nil && c.Attr("tag_file") == nil {
		if tags, ok := list.Value.(*build.ListExpr); ok && c.Attr("repository") != nil {
			qualify(c, tags.List)
			return
		}
	}
	if tag == nil {
		if a := c.Attr("repository"); a != nil || c.Attr("tag_list") == nil && c.Attr("tag_file") == nil {
			c.Refuse("tag", "no-name", "the names of the image are not in one attribute", `write repo_tags = ["REPOSITORY:TAG"]`)
		}
		return
	}
	_, ok := c.Text("tag")
	full := strings.Trim(c.Take(tag.Value), `"`)
	separator := ":"
	for _, name := range []string{"repository", "registry"} {
		if a := c.Attr(name); a != nil {
			_, literal := c.Text(name)
			full, ok = strings.Trim(c.Take(a.Value), `"`)+separator+full, ok && literal
			c.Drop(a)
		}
		separator = "/"
	}
	if ok && c.Attr("registry") == nil && c.Attr("repository") != nil {
		if registry := defaultRegistry(c.File.Workspace); registry != registryVariable {
			full = registry + "/" + full
		}
	}
	if !ok || c.Attr("tag_list") != nil {
		c.Refuse("tag", "not-literal", "the name of the image is not a literal", `write repo_tags = ["REPOSITORY:TAG"]`)
		return
	}
	c.Rename(tag, "repo_tags")
	c.Set(tag, fmt.Sprintf("[%q]", full))
}

// qualify makes full names of tags.
func qualify(c *model.Call, tags []build.Expr) {
	_, ok := c.Text("repository")
	name := strings.Trim(c.Take(c.Attr("repository").Value), `"`)
	c.Drop(c.Attr("repository"))
	if registry := c.Attr("registry"); registry != nil {
		_, literal := c.Text("registry")
		name, ok = strings.Trim(c.Take(registry.Value), `"`)+"/"+name, ok && literal
		c.Drop(registry)
	} else if registry := defaultRegistry(c.File.Workspace); registry != registryVariable {
		name = registry + "/" + name
	}
	for _, x := range tags {
		s, literal := x.(*build.StringExpr)
		if ok = ok && literal; ok {
			c.Replace(x, fmt.Sprintf("%q", name+":"+strings.Trim(c.Take(s), `"`)))
		}
	}
	if !ok {
		c.Refuse("tag_list", "not-literal", "the names of the image are not literals", `write repo_tags = ["REPOSITORY:TAG"]`)
	}
}
