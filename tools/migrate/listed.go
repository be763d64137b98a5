package main

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// resolveListed notes the use of an image that a .bzl file lists: VARIABLE["KEY"], in a loop of a BUILD file over a list of the
// .bzl file. Such labels name image layouts before and after the translation (see listedUse), so the call can read a layout. It
// reports false if a label is unknown, or may become that of one of our images.
func (p *plan) resolveListed(c *call, ref *reference) bool {
	index, ok := ref.value.(*build.IndexExpr)
	if !ok || c.rule.ruleset != "rules_oci" || ref.attr != "image" || c.scope != nil || c.loop == nil {
		return false
	}
	key, _ := index.Y.(*build.StringExpr)
	variable, _ := index.X.(*build.Ident)
	if key == nil || variable == nil {
		return false
	}
	f, list := c.listOf(variable.Name)
	if list == nil || f.isBuild() {
		return false
	}
	labels, complete := listedEntries(list, key.Value)
	if !complete || len(labels) == 0 {
		return false
	}
	for _, label := range labels {
		complete = p.keepsLayout(c, f.label(label), label) && complete
	}
	if !complete {
		return false
	}
	p.listedRefs = append(p.listedRefs, unknownLink{link: link{user: c, attr: ref.attr, value: ref.value}})
	return true
}

// listOf returns what the loop around a call runs over, and its file: the value of a variable, or the function that it calls
// without arguments.
func (c *call) listOf(variable string) (*file, build.Expr) {
	var found build.Expr
	for _, clause := range c.loop.Clauses {
		loop, ok := clause.(*build.ForClause)
		if !ok || !isNamed(loop.Vars, variable) {
			continue
		}
		if found != nil {
			return nil, nil
		}
		found = loop.X
	}
	call, calls := found.(*build.CallExpr)
	if calls && len(call.List) == 0 {
		found = call.X
	}
	name, ok := found.(*build.Ident)
	if !ok {
		return nil, nil
	}
	f, x := c.file.definition(name.Name)
	if _, function := x.(*build.DefStmt); function != calls {
		return nil, nil
	}
	return f, x
}

// listedEntries returns the values of a key in all dictionaries of an expression or a function that has only literals. It reports
// false for all others.
func listedEntries(x build.Expr, key string) (all []string, complete bool) {
	complete = true
	build.Walk(x, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.DefStmt, *build.ReturnStmt, *build.ListExpr, *build.TupleExpr, *build.ParenExpr, *build.DictExpr,
			*build.StringExpr, *build.LiteralExpr:
		case *build.Ident:
			complete = complete && slices.Contains([]string{"True", "False", "None"}, x.Name)
		case *build.KeyValueExpr:
			name, literal := x.Key.(*build.StringExpr)
			value, isLabel := x.Value.(*build.StringExpr)
			if literal && name.Value == key && isLabel {
				all = append(all, value.Value)
			}
			complete = complete && literal && (isLabel || name.Value != key)
		default:
			complete = false
		}
	})
	return all, complete
}

// keepsLayout reports whether a label in an expression of a .bzl file names the layout of one image. The call that uses it and a
// macro that may declare its target stay together.
func (p *plan) keepsLayout(user *call, key, label string) bool {
	if isExternal(label) || !strings.HasPrefix(label, "//") {
		return isExternal(label)
	}
	if target := p.w.targets[key]; target != nil {
		return target.rule.is("oci_image") && len(p.w.aliases[key]) == 0
	}
	pkg, _, _ := strings.Cut(strings.TrimPrefix(key, "//"), ":")
	for _, f := range p.w.files {
		if !f.isBuild() || f.pkg() != pkg {
			continue
		}
		for _, c := range f.calls {
			if macro, ok := p.chains.macro(f, c.kind()); ok {
				p.chains.join(user.node, macro)
				return false
			}
		}
	}
	return true
}

// linkListed lets calls read the layouts that .bzl files list. If a macro may get the same labels, it stays together with the
// calls.
func (p *plan) linkListed() {
	for _, l := range p.listedRefs {
		if !p.chains.hasOpen() {
			p.boundary.addUnknown(l)
			continue
		}
		l.user.refuseUnknown(l.attr, l.value)
		p.chains.joinOpen(l.user)
	}
}

// refuseUnknown notes that an attribute names a target that the program cannot find out.
func (c *call) refuseUnknown(attr string, value build.Expr) {
	c.refuse(attr, "unknown-target", "only Bazel knows the target "+c.file.source(value), "write the label")
}
