package naming

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// RegistryPush joins registry and repository.
func RegistryPush(c *model.Call, _ *model.Attr) {
	registry, repository := c.Attr("registry"), c.Attr("repository")
	if registry == nil || repository == nil {
		c.Refuse("repository", "no-repository", "the call has no registry and repository", "set both")
		return
	}
	if !expr.IsString(registry.Value) || !expr.IsString(repository.Value) {
		c.Refuse("repository", "not-literal", "registry and repository are not strings", "write them in this call")
		return
	}
	c.Drop(registry)
	StatusVariables(c, registry.Value)
	StatusVariables(c, repository.Value)
	c.Set(repository, Joined(c.Take(registry.Value), c.Take(repository.Value), registry.Value, repository.Value))
	PushTag(c)
}

// PushTag turns tag into a list.
func PushTag(c *model.Call) {
	tag := c.Attr("tag")
	if c.Rule.Ruleset == "rules_docker" {
		switch fromFile := c.Attr("tag_file") != nil; {
		case fromFile && tag != nil: // the file takes precedence
			c.Drop(tag)
			return
		case !fromFile && tag == nil:
			c.AddText("remote_tags", `["latest"]`)
		}
	}
	if tag != nil {
		if !expr.IsString(tag.Value) {
			c.Refuse("tag", "not-literal", "the tag is not a string", "write it in this call")
			return
		}
		StatusVariables(c, tag.Value)
		value := c.Take(tag.Value)
		c.Rename(tag, "remote_tags")
		c.Set(tag, "["+value+"]")
	}
}

// Joined returns the text of a registry and a repository as one name.
func Joined(registry, repository string, a, b build.Expr) string {
	_, plain := a.(*build.StringExpr)
	_, literal := b.(*build.StringExpr)
	if plain && literal {
		return strings.TrimSuffix(registry, `"`) + "/" + strings.TrimPrefix(repository, `"`)
	}
	return format.Operand(a, registry) + ` + "/" + ` + format.Operand(b, repository)
}
