package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// resolve joins a call to the target that it needs.
func (p *Plan) resolve(c *model.Call, ref *model.Reference) {
	tar := ref.Attr == "tars"
	key, ok := c.Key(ref.Value)
	ref.Key = key
	if c.Rule.Resolve != nil {
		if target := c.Rule.Resolve(c, ref); target != nil {
			p.chains.Join(c.Node, target.Node)
		}
		return
	}
	if c.Rule.Stays() {
		u := boundary.Use{File: c.File, User: c, Attr: "image", Value: ref.Value}
		switch target := p.w.Targets[key]; {
		case ok && strings.HasPrefix(key, "//"): // Uses.Find finds labels
		case ok && target != nil:
			p.uses.UseFiles(target, u)
		case c.Scope == nil:
			p.uses.RefuseSimilar(u)
		}
		return
	}
	if p.w.Targets[key] == nil && p.resolveAssigned(c, ref) {
		return
	}
	if !ok && expr.IsPassedOn(c.Scope, ref.Value) {
		if args := ref.Value.(*build.CallExpr).List; len(args) == 2 && !expr.IsNone(args[1]) {
			p.resolveElsewhere(c, ref.Attr, args[1])
		}
		p.chains.AddOpen(c)
		return
	}
	if !ok {
		if !tar && !p.chains.JoinCandidates(c, ref.Value) && !p.resolveListed(c, ref) {
			refuseUnknown(c, ref.Attr, ref.Value)
		}
		return
	}
	target := p.w.Targets[key]
	if target != nil && target.Rule.Is("image_artifact") && (ref.Attr == "base" || ref.Attr == "manifests") {
		c.Refuse(ref.Attr, "no-counterpart", c.File.Source(ref.Value)+" becomes an image_artifact", "list only images")
		return
	}
	if target == nil && (p.unwrap(c, ref) || c.Rule.Is("oci_image_index") && p.absorb(c, ref)) {
		return
	}
	if image := p.archived(c, ref); image != nil {
		target = image
	}
	if image, label := p.grouped(ref.Key); target == nil && image != nil && image.File == c.File {
		c.Replace(ref.Value, fmt.Sprintf("%q", label))
		p.chains.Join(c.Node, image.Node)
		return
	}
	name, isName := ref.Value.(*build.Ident)
	switch {
	case target != nil && target.Rule.Role == model.Archive && (tar || ref.Attr == "layers"):
	case target != nil && !c.Probe && p.Boundary.Link(c, target, ref.Attr, ref.Value):
	case target != nil:
		p.chains.Join(c.Node, target.Node)
		for _, other := range p.w.Aliases[key] {
			p.chains.Join(c.Node, other.Node)
		}
	case model.IsExternal(key):
		p.resolveExternal(c, ref)
	case isName && p.resolveConstant(c, ref, name.Name):
	case p.resolveComputed(c, ref):
	case model.IsExternal(expr.Leftmost(ref.Value)):
		c.Note("the base must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
	case tar:
	case isName && expr.IsParameter(c.Scope, name.Name), p.forwardsParameter(c, key):
		p.chains.AddOpen(c)
	default:
		if macro, ok := p.chains.Instance(key); ok {
			p.chains.Join(c.Node, macro)
			return
		}
		if !p.isMade(key) && p.chains.JoinCandidates(c, ref.Value) || p.resolveUnknown(c, ref) {
			return
		}
		if _, literal := ref.Value.(*build.StringExpr); literal && c.Rule.Ruleset == "rules_docker" && p.isMissing(key) {
			c.Note("%s does not exist", c.File.Source(ref.Value))
			return
		}
		c.Refuse(ref.Attr, "unknown-target", "the target "+c.File.Source(ref.Value)+" is not one that is translated", "translate it by hand first")
	}
}

// forwardsParameter reports whether a target stands for one that a caller passes to the macro of the call, as a
// platform_transition_filegroup in a macro does.
func (p *Plan) forwardsParameter(c *model.Call, key string) bool {
	forwarder := p.w.Computed[key]
	if forwarder == nil || c.Scope == nil || forwarder.Scope != c.Scope {
		return false
	}
	return !slices.ContainsFunc(forwarder.Forwards(), func(x build.Expr) bool {
		name, ok := x.(*build.Ident)
		return !ok || !expr.IsParameter(c.Scope, name.Name)
	})
}

// isMade reports whether a rule outside of the rulesets declares a target itself, so that no macro does.
func (p *Plan) isMade(key string) bool {
	maker := p.w.Declared[key]
	if maker == nil || p.w.Computed[key] != nil {
		return false
	}
	return !maker.File.IsMacro(maker.Kind())
}

// resolveProbes finds the targets that callers pass on to a call.
func (p *Plan) resolveProbes(c *model.Call) {
	for _, probe := range c.Probes {
		for i := range probe.Refs {
			p.resolve(probe, &probe.Refs[i])
			if probe.Expr == c.Expr {
				p.uses.AddKnown(probe.Refs[i].Value)
			}
		}
		if len(probe.Edits) > 0 {
			probe.Refuse("", "kwargs", "a label has another name in rules_strata", "")
		}
		for _, problem := range probe.Problems {
			c.Refuse("**", "kwargs", fmt.Sprintf("%s in %s passes on %s: %s", probe.Kind(), probe.Where(), problem.Attr, problem.Reason),
				"list the attributes that callers use as parameters, then run this again")
		}
	}
}
