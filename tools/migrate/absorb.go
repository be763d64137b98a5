package main

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// absorb translates an oci_image_index whose only image is a target of the workspace's own rule that builds another image for
// several platforms, as rules_oci's examples do. image_index has this built in, so the target goes if nothing else uses it.
func (p *plan) absorb(c *call, ref *reference) bool {
	list, ok := c.attr("images").value.(*build.ListExpr)
	if !ok || len(list.List) != 1 || c.attr("platforms") != nil || list.List[0] != ref.value {
		return false
	}
	key, ok := c.key(ref.value)
	maker := c.file.maker(key)
	if !ok || maker == nil || maker.scope != c.scope || !maker.file.forPlatforms(maker.kind()) {
		return false
	}
	source, platforms := maker.attr("image"), maker.attr("platforms")
	if source == nil || platforms == nil || p.isUsed(key, maker, ref.value) {
		return false
	}
	inner, ok := maker.key(source.value)
	target := p.w.targets[inner]
	if !ok || target == nil || target.rule.role != image {
		return false
	}
	p.chains.join(c.node, target.node)
	c.replace(ref.value, c.file.source(source.value))
	c.addText("platforms", c.file.source(platforms.value))
	c.absorbed, maker.goes = maker, true
	return true
}

// maker returns the call of a rule outside of the rulesets that declares a target in a file, or nil.
func (f *file) maker(key string) *call {
	for _, c := range f.calls {
		if c.rule != nil || !c.alone || c.loop != nil {
			continue
		}
		if own, ok := c.target(); ok && own == key {
			return c
		}
	}
	return nil
}

// forPlatforms reports whether a name is a rule of the workspace whose attribute image is built for each of the platforms.
func (f *file) forPlatforms(name string) bool {
	at, x := f.definition(name)
	call, ok := x.(*build.CallExpr)
	if !ok || !isNamed(call.X, "rule") {
		return false
	}
	found := false
	build.Walk(call, func(x build.Expr, _ []build.Expr) {
		entry, ok := x.(*build.KeyValueExpr)
		if key, literal := keyOf(entry); !ok || !literal || key != "image" {
			return
		}
		build.Walk(entry.Value, func(x build.Expr, _ []build.Expr) {
			assign, ok := x.(*build.AssignExpr)
			if !ok || !isNamed(assign.LHS, "cfg") {
				return
			}
			if name, ok := assign.RHS.(*build.Ident); ok {
				_, transition := at.definition(name.Name)
				found = found || isPlatformTransition(transition)
			}
		})
	})
	return found
}

func keyOf(entry *build.KeyValueExpr) (string, bool) {
	if entry == nil {
		return "", false
	}
	s, ok := entry.Key.(*build.StringExpr)
	return text(s), ok
}

// isPlatformTransition reports whether an expression is a transition that sets the target platform, and nothing else.
func isPlatformTransition(x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	if !ok || !isNamed(call.X, "transition") {
		return false
	}
	for _, arg := range call.List {
		if assign, ok := arg.(*build.AssignExpr); ok && isNamed(assign.LHS, "outputs") {
			outputs := allStrings(assign.RHS)
			return len(outputs) == 1 && strings.HasSuffix(outputs[0], "//command_line_option:platforms")
		}
	}
	return false
}

// isUsed reports whether anything but a call itself and one value names a target.
func (p *plan) isUsed(key string, maker *call, value build.Expr) bool {
	for _, f := range p.w.files {
		for _, c := range f.calls {
			if c != maker && slices.ContainsFunc(c.attrs, func(a attr) bool { return c.mentions(a.value, key, value) }) {
				return true
			}
		}
	}
	return false
}

func (c *call) mentions(x build.Expr, key string, except build.Expr) bool {
	found := false
	build.Walk(x, func(x build.Expr, _ []build.Expr) {
		if x == except || found {
			return
		}
		if s, literal := x.(*build.StringExpr); literal && c.file.isBuild() || !literal && isText(x) || literal && strings.HasPrefix(s.Value, ":") {
			own, ok := c.key(x)
			found = ok && own == key
		}
	})
	return found
}
