package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// ociPull is oci_pull of WORKSPACE files, and the tag pull of the module extension oci.
var ociPull = &rule{
	ruleset: "rules_oci", role: pull, to: "images_pull", finish: finishPull,
	attrs: map[string]action{
		"image": later, "registry": later, "repository": later, "digest": later, "tag": later, "identifier": later,
		"platforms":                   keep("platforms"),
		"reproducible":                drop(""),
		"is_bzlmod":                   drop(""),
		"bazel_tags":                  drop(""),
		"config":                      drop("credentials are those of docker login or podman login"),
		"config_path":                 drop("credentials are those of docker login or podman login"),
		"www_authenticate_challenges": drop("the lock tool finds the token server"),
	},
}

// finishPull joins the parts of the name of an image.
func finishPull(c *call, _ *attr) {
	name, _ := c.text("name")
	full, literal := c.imageName()
	digest, fixed := c.constant("digest")
	switch {
	case fixed && !strings.HasPrefix(digest, "sha256:"), !fixed && !c.hasValue("digest"):
		if !literal {
			c.refuse("digest", "no-digest", "the image is not pinned by a digest",
				"pin it: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
			return
		}
		reference, digest, ok := c.pinned(name, full)
		if !ok {
			return
		}
		c.pulled = fmt.Sprintf("%q", reference+"@"+digest)
	case literal:
		c.pulled = fmt.Sprintf("%q", full+"@"+digest)
		if _, isText := c.attr("digest").value.(*build.StringExpr); !isText {
			c.pulled = fmt.Sprintf("%q + %s", full+"@", c.operandOf("digest"))
		}
	default:
		if c.pulled = c.computedName(); c.pulled == "" {
			c.refuse("image", "not-literal", "the name of the image is not text", "pin it: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
			return
		}
		if fixed {
			c.pulled += fmt.Sprintf(" + %q", "@"+digest)
		} else {
			c.pulled += ` + "@" + ` + c.operandOf("digest")
		}
	}
	first := true
	for i := range c.attrs {
		a := &c.attrs[i]
		switch a.name {
		case "image", "registry", "registries", "repository", "digest", "tag", "identifier":
			if first {
				c.rename(a, "reference")
				c.set(a, c.pulled)
				first = false
				continue
			}
			c.drop(a)
		}
	}
}

// hasValue reports whether an attribute is text that only Bazel knows, and cannot be missing.
func (c *call) hasValue(name string) bool {
	a := c.attr(name)
	if a == nil || !isString(a.value) {
		return false
	}
	variable, ok := a.value.(*build.Ident)
	if !ok || !isParameter(c.scope, variable.Name) {
		return true
	}
	return !slices.ContainsFunc(c.scope.Params, func(p build.Expr) bool {
		assign, ok := p.(*build.AssignExpr)
		if parameter, _ := build.GetParamIdent(p); !ok || parameter == nil || parameter.Name != variable.Name {
			return false
		}
		s, literal := assign.RHS.(*build.StringExpr)
		return isNone(assign.RHS) || literal && s.Value == ""
	})
}

// computedName returns the name of an image whose parts only Bazel knows, as Starlark.
func (c *call) computedName() string {
	if c.hasValue("image") {
		return c.operandOf("image")
	}
	if !c.hasValue("repository") {
		return ""
	}
	switch {
	case c.hasValue("registry"):
		return c.operandOf("registry") + ` + "/" + ` + c.operandOf("repository")
	case c.attr("registry") == nil && c.attr("registries") == nil:
		return `"docker.io/" + ` + c.operandOf("repository")
	}
	return ""
}

// operandOf returns the text of an attribute as an operand of +.
func (c *call) operandOf(name string) string {
	value := c.attr(name).value
	return operand(value, c.file.source(value))
}

// constant returns the string of an attribute, which may be that of a global variable of the file.
func (c *call) constant(name string) (string, bool) {
	if a := c.attr(name); a != nil {
		if variable, ok := a.value.(*build.Ident); ok && !isParameter(c.scope, variable.Name) {
			s, literal := c.file.values[variable.Name].(*build.StringExpr)
			return text(s), literal
		}
	}
	return c.text(name)
}

// imageName returns the full name of the image that a call pulls.
func (c *call) imageName() (string, bool) {
	name, ok := c.constant("image")
	registry, fixed := c.constant("registry")
	if c.attr("registry") != nil && !fixed {
		return "", false
	}
	if !ok {
		name, ok = c.constant("repository")
		if c.rule.ruleset == "rules_img" {
			registry = c.imgRegistry()
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
