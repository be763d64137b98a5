package plan

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// absorb translates an oci_image_index whose only image is a target of the workspace's own rule that builds another image for
// several platforms, as rules_oci's examples do. image_index has this built in, so the target goes if nothing else uses it.
func (p *Plan) absorb(c *model.Call, ref *model.Reference) bool {
	list, ok := c.Attr("images").Value.(*build.ListExpr)
	if !ok || len(list.List) != 1 || c.Attr("platforms") != nil || list.List[0] != ref.Value {
		return false
	}
	key, ok := c.Key(ref.Value)
	maker := makerOf(c.File, key)
	if !ok || maker == nil || maker.Scope != c.Scope || !forPlatforms(maker.File, maker.Kind()) {
		return false
	}
	source, platforms := maker.Attr("image"), maker.Attr("platforms")
	if source == nil || platforms == nil || p.isUsed(key, maker, ref.Value) {
		return false
	}
	inner, ok := maker.Key(source.Value)
	target := p.w.Targets[inner]
	if !ok || target == nil || target.Rule.Role != model.Image {
		return false
	}
	p.chains.Join(c.Node, target.Node)
	c.Replace(ref.Value, c.File.Source(source.Value))
	c.AddText("platforms", c.File.Source(platforms.Value))
	c.Absorbed, maker.Goes = maker, true
	return true
}

// makerOf returns the call of a rule outside of the rulesets that declares a target in a file, or nil.
func makerOf(f *model.File, key string) *model.Call {
	for _, c := range f.Calls {
		if c.Rule != nil || !c.Alone || c.Loop != nil {
			continue
		}
		if own, ok := c.Target(); ok && own == key {
			return c
		}
	}
	return nil
}

// forPlatforms reports whether a name is a rule of the workspace whose attribute image is built for each of the platforms.
func forPlatforms(f *model.File, name string) bool {
	at, x := f.Definition(name)
	call, ok := x.(*build.CallExpr)
	if !ok || !expr.IsNamed(call.X, "rule") {
		return false
	}
	found := false
	build.Walk(call, func(x build.Expr, _ []build.Expr) {
		entry, ok := x.(*build.KeyValueExpr)
		if key, literal := expr.KeyOf(entry); !ok || !literal || key != "image" {
			return
		}
		build.Walk(entry.Value, func(x build.Expr, _ []build.Expr) {
			assign, ok := x.(*build.AssignExpr)
			if !ok || !expr.IsNamed(assign.LHS, "cfg") {
				return
			}
			if name, ok := assign.RHS.(*build.Ident); ok {
				_, transition := at.Definition(name.Name)
				found = found || isPlatformTransition(transition)
			}
		})
	})
	return found
}

// isPlatformTransition reports whether an expression is a transition that sets the target platform, and nothing else.
func isPlatformTransition(x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	if !ok || !expr.IsNamed(call.X, "transition") {
		return false
	}
	for _, arg := range call.List {
		if assign, ok := arg.(*build.AssignExpr); ok && expr.IsNamed(assign.LHS, "outputs") {
			outputs := expr.Strings(assign.RHS)
			return len(outputs) == 1 && strings.HasSuffix(outputs[0], "//command_line_option:platforms")
		}
	}
	return false
}

// isUsed reports whether anything but a call itself and one value names a target.
func (p *Plan) isUsed(key string, maker *model.Call, value build.Expr) bool {
	for _, f := range p.w.Files {
		for _, c := range f.Calls {
			if c != maker && slices.ContainsFunc(c.Attrs, func(a model.Attr) bool { return mentions(c, a.Value, key, value) }) {
				return true
			}
		}
	}
	return false
}

func mentions(c *model.Call, x build.Expr, key string, except build.Expr) bool {
	found := false
	build.Walk(x, func(x build.Expr, _ []build.Expr) {
		if x == except || found {
			return
		}
		if s, literal := x.(*build.StringExpr); literal && c.File.IsBuild() || !literal && expr.IsText(x) || literal && strings.HasPrefix(s.Value, ":") {
			own, ok := c.Key(x)
			found = ok && own == key
		}
	})
	return found
}
