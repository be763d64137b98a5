package plan

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// resolveAssigned joins a call to the targets that a variable of its macro may name: those that the macro assigns to it, and for a
// parameter also those of callers. It reports false if the macro assigns nothing.
func (p *Plan) resolveAssigned(c *model.Call, ref *model.Reference) bool {
	name, ok := ref.Value.(*build.Ident)
	if !ok || c.Scope == nil || ref.Attr == "tars" {
		return false
	}
	values := expr.Assigned(c.Scope, name.Name)
	for _, value := range values {
		for _, x := range expr.Values(value) {
			if !expr.IsNone(x) && !expr.IsNamed(x, name.Name) {
				p.resolveElsewhere(c, ref.Attr, x)
			}
		}
	}
	if len(values) > 0 && expr.IsParameter(c.Scope, name.Name) {
		p.chains.AddOpen(c)
	}
	return len(values) > 0
}

// resolveElsewhere joins a call to a target whose label is not in the call, but elsewhere in its macro.
func (p *Plan) resolveElsewhere(c *model.Call, attr string, x build.Expr) {
	if name, ok := x.(*build.Ident); ok && expr.IsParameter(c.Scope, name.Name) {
		p.chains.AddOpen(c)
		return
	}
	label := expr.Constructed(x)
	if label == nil {
		label, _ = x.(*build.StringExpr)
	}
	key, _ := c.Key(x)
	target := p.w.Targets[key]
	if label != nil && model.IsExternal(label.Value) {
		repository, _, _ := strings.Cut(strings.TrimLeft(label.Value, "@"), "//")
		if target, _ = p.w.Puller(repository); target == nil {
			c.Note("@%s must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add %s REFERENCE", repository, repository)
			return
		}
	}
	switch {
	case target != nil:
		p.chains.Join(c.Node, target.Node)
		for _, other := range p.w.Aliases[key] {
			p.chains.Join(c.Node, other.Node)
		}
		if label != nil {
			p.Boundary.AddPassed(target, boundary.Use{File: c.File, Value: label})
			p.uses.AddKnown(label)
		}
	case !p.chains.JoinCandidates(c, x):
		refuseUnknown(c, attr, x)
	}
}
