package plan

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// resolveListed notes the use of an image that a .bzl file lists: VARIABLE["KEY"], in a loop of a BUILD file over a list of the
// .bzl file. Such labels name image layouts before and after the translation (see Boundary.AddListed), so the call can read a layout. It
// reports false if a label is unknown, or may become that of one of our images.
func (p *Plan) resolveListed(c *model.Call, ref *model.Reference) bool {
	index, ok := ref.Value.(*build.IndexExpr)
	if !ok || c.Rule.Ruleset != "rules_oci" || ref.Attr != "image" || c.Scope != nil || c.Loop == nil {
		return false
	}
	key, _ := index.Y.(*build.StringExpr)
	variable, _ := index.X.(*build.Ident)
	if key == nil || variable == nil {
		return false
	}
	f, list := listOf(c, variable.Name)
	if list == nil || f.IsBuild() {
		return false
	}
	labels, complete := listedEntries(list, key.Value)
	if !complete || len(labels) == 0 {
		return false
	}
	for _, label := range labels {
		complete = p.keepsLayout(c, f.Label(label), label) && complete
	}
	if !complete {
		return false
	}
	p.listedRefs = append(p.listedRefs, boundary.UnknownLink{Link: boundary.Link{User: c, Attr: ref.Attr, Value: ref.Value}})
	return true
}

// listOf returns what the loop around a call runs over, and its file: the value of a variable, or the function that it calls
// without arguments.
func listOf(c *model.Call, variable string) (*model.File, build.Expr) {
	var found build.Expr
	for _, clause := range c.Loop.Clauses {
		loop, ok := clause.(*build.ForClause)
		if !ok || !expr.IsNamed(loop.Vars, variable) {
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
	f, x := c.File.Definition(name.Name)
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
func (p *Plan) keepsLayout(user *model.Call, key, label string) bool {
	if model.IsExternal(label) || !strings.HasPrefix(label, "//") {
		return model.IsExternal(label)
	}
	if target := p.w.Targets[key]; target != nil {
		return target.Rule.Is("oci_image") && len(p.w.Aliases[key]) == 0
	}
	pkg, _ := model.Split(key)
	for _, f := range p.w.Package(pkg) {
		for _, c := range f.Calls {
			if macro, ok := p.chains.Macro(f, c.Kind()); ok {
				p.chains.Join(user.Node, macro)
				return false
			}
		}
	}
	return true
}

// linkListed lets calls read the layouts that .bzl files list. If a macro may get the same labels, it stays together with the
// calls.
func (p *Plan) linkListed() {
	for _, l := range p.listedRefs {
		if !p.chains.HasOpen() {
			p.Boundary.AddUnknown(l)
			continue
		}
		refuseUnknown(l.User, l.Attr, l.Value)
		p.chains.JoinOpen(l.User)
	}
}

// refuseUnknown notes that an attribute names a target that the program cannot find out.
func refuseUnknown(c *model.Call, attr string, value build.Expr) {
	c.Refuse(attr, "unknown-target", "only Bazel knows the target "+c.File.Source(value), "write the label")
}
