package plan

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// resolveExternal joins an image to the declaration of its base in a repository.
func (p *Plan) resolveExternal(c *model.Call, ref *model.Reference) {
	if ref.Attr == "tars" {
		return
	}
	repository, rest, _ := strings.Cut(strings.TrimLeft(ref.Key, "@"), "//")
	target, platform := p.w.Puller(repository)
	if target == nil || platform != "" && rest != "" {
		c.Note("@%s must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add %s REFERENCE", repository, repository)
		return
	}
	if platform != "" {
		name := strings.TrimSuffix(repository, "_"+platform)
		c.Replace(ref.Value, fmt.Sprintf("%q", "@"+name+"//:"+platform))
	}
	if c.Probe || !p.Boundary.Link(c, target, ref.Attr, ref.Value) {
		p.chains.Join(c.Node, target.Node)
	}
}

// resolveConstant joins an image to the declaration of its base, if a global variable has the label. It reports false for all others.
func (p *Plan) resolveConstant(c *model.Call, ref *model.Reference, name string) bool {
	if c.Scope != nil && expr.IsParameter(c.Scope, name) || ref.Attr == "tars" {
		return false
	}
	f, x := c.File.Definition(name)
	if inner := expr.Constructed(x); inner != nil {
		x = inner
	}
	label, literal := x.(*build.StringExpr)
	if f == nil || !literal || !model.IsExternal(label.Value) {
		return false
	}
	repository, rest, _ := strings.Cut(strings.TrimLeft(label.Value, "@"), "//")
	target, platform := p.w.Puller(repository)
	if target == nil || rest != "" && (platform != "" || target.Rule.Ruleset != "rules_docker" || rest != "image") {
		return false
	}
	p.chains.Join(c.Node, target.Node)
	return true
}

// resolveComputed joins an image to the declaration of its base, if the label of the platform's repository is computed and begins
// with the name of an oci_pull: "@base_linux_" + arch. It reports false for all others.
func (p *Plan) resolveComputed(c *model.Call, ref *model.Reference) bool {
	first := expr.LeftmostLiteral(ref.Value)
	if first == nil || !strings.HasPrefix(first.Value, "@") || strings.Contains(first.Value, "/") || ref.Attr == "tars" {
		return false
	}
	text := strings.TrimLeft(first.Value, "@")
	for at, r := range text {
		if r != '_' {
			continue
		}
		if target, platform := p.w.Puller(text[:at]); target != nil && platform == "" && target.Rule.Is("oci_pull") {
			c.Replace(first, fmt.Sprintf("%q", "@"+text[:at]+"//:"+text[at+1:]))
			p.chains.Join(c.Node, target.Node)
			return true
		}
	}
	return false
}
