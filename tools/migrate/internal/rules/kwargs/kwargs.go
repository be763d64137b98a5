// Package kwargs checks what callers of a macro pass on to a call with **NAME.
package kwargs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Check checks a call with **NAME. It is translated if NAME has the other arguments of a macro whose callers are all
// known, and each of the attributes that they pass on is the same in our rule.
func Check(c *model.Call) {
	const advice = "list the attributes that callers use as parameters, then run this again"
	name := c.Star
	if !expr.IsStarParameter(c.Scope, name) {
		c.Refuse("**", "kwargs", "the call passes on attributes that the program cannot see", advice)
		return
	}
	from := c.File.Workspace.Callers(c.Scope)
	if len(from) == 0 {
		c.Refuse("**", "kwargs", "the macro passes on attributes that only its callers know", advice)
		return
	}
	all, hidden := passedOn(c.File.Workspace, c.Scope, 0)
	if hidden != nil {
		c.Refuse("**", "kwargs", "the macro's caller in "+hidden.Where()+" passes on attributes that the program cannot see", advice)
		return
	}
	own := model.Caller{Call: c, Args: assigned(c, name)}
	for _, from := range append([]model.Caller{own}, all...) {
		p, refused := probe(c, from.Call, from.Args)
		if refused != "" {
			c.Refuse("**", "kwargs", fmt.Sprintf("%s in %s passes on %s", p.Kind(), p.Where(), refused), advice)
			return
		}
		c.Probes = append(c.Probes, p)
	}
}

// Names returns the names of the attributes that a call gets with **NAME. It reports false if the program does not know all of them.
func Names(c *model.Call) (names []string, complete bool) {
	if !expr.IsStarParameter(c.Scope, c.Star) || len(c.File.Workspace.Callers(c.Scope)) == 0 {
		return nil, false
	}
	all, hidden := passedOn(c.File.Workspace, c.Scope, 0)
	if hidden != nil {
		return nil, false
	}
	for _, from := range append(all, model.Caller{Args: assigned(c, c.Star)}) {
		names = slices.AppendSeq(names, maps.Keys(from.Args))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return names, !slices.Contains(names, "")
}

// passedOn returns the arguments that callers of a macro pass on with its **NAME, also through other macros. hidden is a caller
// whose arguments the workspace does not show.
func passedOn(w *model.Workspace, def *build.DefStmt, depth int) (all []model.Caller, hidden *model.Call) {
	for _, from := range w.Callers(def) {
		own := model.Caller{Call: from.Call, Args: map[string]build.Expr{}}
		for arg, value := range from.Args {
			if !expr.IsParameter(def, arg) {
				own.Args[arg] = value
			}
		}
		all = append(all, own)
		if !from.Open {
			continue
		}
		name := starName(from.Call)
		if depth > 4 || !expr.IsStarParameter(from.Call.Scope, name) {
			return nil, from.Call
		}
		outer, hidden := passedOn(w, from.Call.Scope, depth+1)
		if hidden != nil {
			return nil, hidden
		}
		outer = append(outer, model.Caller{Call: from.Call, Args: assigned(from.Call, name)})
		for _, o := range outer {
			for arg := range o.Args {
				if expr.IsParameter(def, arg) {
					delete(o.Args, arg)
				}
			}
			all = append(all, o)
		}
	}
	return all, nil
}

// starName returns NAME of the only argument **NAME of a call, or an empty string.
func starName(c *model.Call) string {
	name, count := "", 0
	for _, arg := range c.Expr.List {
		if star, ok := arg.(*build.UnaryExpr); ok {
			count++
			if x, ok := star.X.(*build.Ident); ok && star.Op == "**" {
				name = x.Name
			}
		}
	}
	if count != 1 {
		return ""
	}
	return name
}

// probe translates the attributes that a caller passes on to a call, as if the call had them itself. They stay where they
// are, so they must not change: refused says what cannot be passed on.
func probe(c, at *model.Call, passed map[string]build.Expr) (p *model.Call, refused string) {
	p = &model.Call{File: at.File, Expr: at.Expr, Rule: c.Rule, Scope: at.Scope, Node: c.Node, Probe: true}
	for name, value := range passed {
		p.Attrs = append(p.Attrs, model.Attr{Name: name, Value: value, Expr: &build.AssignExpr{LHS: &build.Ident{Name: name}, RHS: value}})
	}
	slices.SortFunc(p.Attrs, func(a, b model.Attr) int { return strings.Compare(a.Name, b.Name) })
	own := len(p.Attrs)
	p.Attrs = append(p.Attrs, c.Attrs...)
	for i := range p.Attrs[:own] {
		a := &p.Attrs[i]
		do, ok := c.Rule.Attrs[a.Name]
		switch {
		case slices.Contains(model.Common, a.Name), expr.IsNone(a.Value):
			continue
		case a.Name == "":
			return p, "attributes that the program cannot see"
		case !ok || do == nil:
			return p, a.Name + ", which is not an attribute of " + c.Rule.To
		}
		if do(p, a); len(p.Problems) > 0 {
			return p, a.Name + ": " + p.Problems[0].Reason
		}
		if len(p.Edits)+len(p.Dropped) > 0 {
			return p, a.Name + ", which is not the same attribute in " + c.Rule.To
		}
	}
	return p, ""
}

// assigned returns the attributes that a macro itself puts into its variable with further arguments.
func assigned(c *model.Call, name string) map[string]build.Expr {
	found := map[string]build.Expr{}
	build.Walk(c.Scope, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.AssignExpr:
			if index, ok := x.LHS.(*build.IndexExpr); ok && expr.IsNamed(index.X, name) {
				key, _ := index.Y.(*build.StringExpr)
				found[expr.Text(key)] = x.RHS
			}
		case *build.CallExpr:
			method, ok := x.X.(*build.DotExpr)
			if !ok || !expr.IsNamed(method.X, name) || len(x.List) == 0 {
				return
			}
			switch key, _ := x.List[0].(*build.StringExpr); method.Name {
			case "get", "pop":
			case "setdefault":
				if len(x.List) == 2 {
					found[expr.Text(key)] = x.List[1]
					return
				}
				found[""] = x
			case "update":
				update(found, x)
			default:
				found[""] = x
			}
		}
	})
	return found
}

// update adds the arguments of a call of update.
func update(found map[string]build.Expr, call *build.CallExpr) {
	for _, arg := range call.List {
		switch arg := arg.(type) {
		case *build.AssignExpr:
			if name, ok := arg.LHS.(*build.Ident); ok {
				found[name.Name] = arg.RHS
			}
		case *build.DictExpr:
			for _, entry := range arg.List {
				key, _ := expr.KeyOf(entry)
				found[key] = entry.Value
			}
		default:
			found[""] = arg
		}
	}
}
