package plan

import (
	"fmt"
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
		if target := p.w.Targets[key]; ok && target != nil && !strings.HasPrefix(key, "//") { // Uses.Find finds labels
			p.uses.UseFiles(target, boundary.Use{File: c.File, User: c, Attr: "image", Value: ref.Value})
		}
		return
	}
	if !ok && expr.IsPassedOn(c.Scope, ref.Value) {
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
	case target != nil && p.Boundary.Link(c, target, ref.Attr, ref.Value):
	case target != nil:
		p.chains.Join(c.Node, target.Node)
		for _, other := range p.w.Aliases[key] {
			p.chains.Join(c.Node, other.Node)
		}
	case model.IsExternal(key):
		p.resolveExternal(c, ref)
	case model.IsExternal(expr.Leftmost(ref.Value)):
		c.Note("the base must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
	case tar:
	case isName && expr.IsParameter(c.Scope, name.Name):
		p.chains.AddOpen(c)
	default:
		if macro, ok := p.instance(c.File, key); ok {
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
	if !p.Boundary.Link(c, target, ref.Attr, ref.Value) {
		p.chains.Join(c.Node, target.Node)
	}
}

// instance returns the macro that declares a target of a BUILD file: the one called with its name, or with the beginning of
// it.
func (p *Plan) instance(f *model.File, label string) (int, bool) {
	for _, other := range p.w.Files {
		if !other.IsBuild() {
			continue
		}
		for _, c := range other.Calls {
			name, literal := c.Text("name")
			if !literal || c.Rule != nil {
				continue
			}
			if own := other.Label(name); label != own && !strings.HasPrefix(label, own+"_") && !strings.HasPrefix(label, own+".") && !strings.HasPrefix(label, own+"-") {
				continue
			}
			if node, ok := p.chains.Macro(other, c.Kind()); ok {
				return node, true
			}
		}
	}
	return 0, false
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
