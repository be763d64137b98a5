// Package naming joins the registry, the repository, the tag and the digest, which other rulesets keep apart, to the name of an
// image.
package naming

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// FinishPull joins the parts of the name of an image.
func FinishPull(c *model.Call, _ *model.Attr) {
	name, _ := c.Text("name")
	full, literal := imageName(c)
	digest, fixed := constant(c, "digest")
	switch {
	case fixed && !strings.HasPrefix(digest, "sha256:"), !fixed && !hasValue(c, "digest"):
		if !literal {
			c.Refuse("digest", "no-digest", "the image is not pinned by a digest",
				"pin it: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
			return
		}
		reference, digest, ok := pinned(c, name, full)
		if !ok {
			return
		}
		c.Pulled = fmt.Sprintf("%q", reference+"@"+digest)
	case literal:
		c.Pulled = fmt.Sprintf("%q", full+"@"+digest)
		if _, isText := c.Attr("digest").Value.(*build.StringExpr); !isText {
			c.Pulled = fmt.Sprintf("%q + %s", full+"@", operandOf(c, "digest"))
		}
	default:
		if c.Pulled = computedName(c); c.Pulled == "" {
			c.Refuse("image", "not-literal", "the name of the image is not text", "pin it: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
			return
		}
		if fixed {
			c.Pulled += fmt.Sprintf(" + %q", "@"+digest)
		} else {
			c.Pulled += ` + "@" + ` + operandOf(c, "digest")
		}
	}
	first := true
	for i := range c.Attrs {
		a := &c.Attrs[i]
		switch a.Name {
		case "image", "registry", "registries", "repository", "digest", "tag", "identifier":
			if first {
				c.Rename(a, "reference")
				c.Set(a, c.Pulled)
				first = false
				continue
			}
			c.Drop(a)
		}
	}
}

// hasValue reports whether an attribute is text that only Bazel knows, and cannot be missing.
func hasValue(c *model.Call, name string) bool {
	a := c.Attr(name)
	if a == nil || !expr.IsString(a.Value) {
		return false
	}
	variable, ok := a.Value.(*build.Ident)
	if !ok || !expr.IsParameter(c.Scope, variable.Name) {
		return true
	}
	return !slices.ContainsFunc(c.Scope.Params, func(p build.Expr) bool {
		assign, ok := p.(*build.AssignExpr)
		if parameter, _ := build.GetParamIdent(p); !ok || parameter == nil || parameter.Name != variable.Name {
			return false
		}
		s, literal := assign.RHS.(*build.StringExpr)
		return expr.IsNone(assign.RHS) || literal && s.Value == ""
	})
}

// computedName returns the name of an image whose parts only Bazel knows, as Starlark.
func computedName(c *model.Call) string {
	if hasValue(c, "image") {
		return operandOf(c, "image")
	}
	if !hasValue(c, "repository") {
		return ""
	}
	switch {
	case hasValue(c, "registry"):
		return operandOf(c, "registry") + ` + "/" + ` + operandOf(c, "repository")
	case c.Attr("registry") == nil && c.Attr("registries") == nil:
		return `"docker.io/" + ` + operandOf(c, "repository")
	}
	return ""
}

// operandOf returns the text of an attribute as an operand of +.
func operandOf(c *model.Call, name string) string {
	value := c.Attr(name).Value
	return format.Operand(value, c.File.Source(value))
}

// constant returns the string of an attribute, which may be that of a global variable of the file.
func constant(c *model.Call, name string) (string, bool) {
	if a := c.Attr(name); a != nil {
		if variable, ok := a.Value.(*build.Ident); ok && !expr.IsParameter(c.Scope, variable.Name) {
			s, literal := c.File.Values[variable.Name].(*build.StringExpr)
			return expr.Text(s), literal
		}
	}
	return c.Text(name)
}

// imageName returns the full name of the image that a call pulls.
func imageName(c *model.Call) (string, bool) {
	name, ok := constant(c, "image")
	registry, fixed := constant(c, "registry")
	if c.Attr("registry") != nil && !fixed {
		return "", false
	}
	if !ok {
		name, ok = constant(c, "repository")
		if c.Rule.Ruleset == "rules_img" {
			registry = primaryRegistry(c)
		} else if registry == "" {
			registry = "docker.io"
		}
		name = registry + "/" + name
	}
	host, rest, path := strings.Cut(name, "/")
	switch {
	case !path:
		name = "docker.io/library/" + name
	case host == "index.docker.io":
		name = "docker.io/" + rest
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		name = "docker.io/" + name
	}
	if host, rest, _ := strings.Cut(name, "/"); host == "docker.io" && !strings.Contains(rest, "/") {
		name = "docker.io/library/" + rest
	}
	return name, ok
}

// primaryRegistry returns the registry of a pull: the primary one, or the last, because mirrors come first.
func primaryRegistry(c *model.Call) string {
	if registry, ok := c.Text("registry"); ok {
		return registry
	}
	if all := c.Strings("registries"); len(all) > 0 {
		if len(all) > 1 {
			c.Note("only the last of the registries is used; docs/base-images.md describes mirrors")
		}
		return all[len(all)-1]
	}
	return "docker.io"
}
