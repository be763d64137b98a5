package img

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/naming"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
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
	if c.Attr("tag_list") != nil {
		c.Refuse("tag", "two-tags", "the call has tag and tag_list", "use tag_list for all tags")
		return
	}
	name := repositoryOf(c)
	add(c, &name, tag.Value)
	c.Rename(tag, "repo_tags")
	c.Set(tag, "["+name.String()+"]")
}

// qualify makes full names of tags.
func qualify(c *model.Call, tags []build.Expr) {
	repository := repositoryOf(c)
	for _, x := range tags {
		name := repository
		add(c, &name, x)
		c.Replace(x, name.String())
	}
}

// repositoryOf returns what precedes the tag in the names of an image_load: its registry and its repository.
func repositoryOf(c *model.Call) format.Sum {
	var name format.Sum
	registry, repository := c.Attr("registry"), c.Attr("repository")
	switch {
	case registry != nil:
		add(c, &name, registry.Value)
		name.Text("/")
		c.Drop(registry)
	case repository != nil:
		if registry := defaultRegistry(c.File.Workspace); registry != registryVariable {
			name.Text(registry + "/")
		}
	}
	if repository != nil {
		add(c, &name, repository.Value)
		name.Text(":")
		c.Drop(repository)
	}
	return name
}

// add adds a value to a name.
func add(c *model.Call, name *format.Sum, x build.Expr) {
	text := c.Take(x)
	switch x := x.(type) {
	case *build.StringExpr:
		name.Text(strings.Trim(text, `"`))
	case *build.ListExpr, *build.DictExpr:
		c.Refuse("", "not-literal", "a part of the image's name is not a string", `write repo_tags = ["REPOSITORY:TAG"]`)
	default:
		if !expr.IsString(x) {
			c.Refuse("", "not-literal", "a part of the image's name is not a single string", `write repo_tags = ["REPOSITORY:TAG"]`)
		}
		name.Operand(x, text)
	}
}
