package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// caller is a call of a macro of the workspace.
type caller struct {
	call *call
	// args are its arguments by the names of the macro's parameters.
	args map[string]build.Expr
	// open is set if there are arguments that the call does not show.
	open bool
}

// callers returns all calls of a macro in the workspace.
func (w *workspace) callers(def *build.DefStmt) []caller {
	if all, ok := w.called[def]; ok {
		return all
	}
	w.called[def] = nil // a macro that calls itself
	var all []caller
	for _, f := range w.files {
		names := f.namesOf(def)
		if len(names) == 0 {
			continue
		}
		for _, c := range f.calls {
			if slices.Contains(names, c.kind()) {
				all = append(all, newCaller(c, def))
			}
		}
	}
	w.called[def] = all
	return all
}

// namesOf returns the names of a macro in a file.
func (f *file) namesOf(def *build.DefStmt) []string {
	if f.function(def.Name) == def {
		return []string{def.Name}
	}
	var names []string
	for _, load := range f.loads {
		if isExternal(load.Module.Value) {
			continue
		}
		for _, to := range load.To {
			if _, x := f.definition(to.Name); x == build.Expr(def) {
				names = append(names, to.Name)
			}
		}
	}
	return names
}

// loaded returns the path of the file of the workspace that a load statement names.
func (f *file) loaded(load *build.LoadStmt) string {
	return strings.TrimPrefix(strings.Replace(strings.TrimPrefix(f.label(load.Module.Value), "//"), ":", "/", 1), "/")
}

func newCaller(c *call, def *build.DefStmt) caller {
	found := caller{call: c, args: map[string]build.Expr{}}
	var positions []string
	for _, p := range def.Params {
		if _, star := p.(*build.UnaryExpr); star {
			break
		}
		if name, _ := build.GetParamIdent(p); name != nil {
			positions = append(positions, name.Name)
		}
	}
	for i, arg := range c.expr.List {
		switch x := arg.(type) {
		case *build.AssignExpr:
			if name, ok := x.LHS.(*build.Ident); ok {
				found.args[name.Name] = x.RHS
			}
		case *build.UnaryExpr:
			found.open = true
		default:
			if i < len(positions) {
				found.args[positions[i]] = arg
			}
		}
	}
	return found
}

// variableKind returns the valueKind of a variable, if all its values in the workspace have the same. The values of a
// parameter are its default and those of all callers.
func (c *call) variableKind(name string, depth int) string {
	if depth > 4 {
		return ""
	}
	type valued struct {
		c *call
		x build.Expr
	}
	var all []valued
	switch {
	case isParameter(c.scope, name):
		for _, p := range c.scope.Params {
			if assign, ok := p.(*build.AssignExpr); ok {
				if parameter, _ := build.GetParamIdent(p); parameter != nil && parameter.Name == name {
					if kind := c.kindOf(assign.RHS, depth); kind == "list" {
						return kind // a macro adds to it, or passes it on
					}
					all = append(all, valued{c, assign.RHS})
				}
			}
		}
		for _, from := range c.file.workspace.callers(c.scope) {
			if from.open {
				return ""
			}
			if x := from.args[name]; x != nil {
				all = append(all, valued{from.call, x})
			}
		}
	case c.scope != nil && c.file.values[name] == nil:
		build.Walk(c.scope, func(x build.Expr, stack []build.Expr) {
			if assign, ok := x.(*build.AssignExpr); ok && !isArgument(assign, stack) {
				if to, ok := assign.LHS.(*build.Ident); ok && to.Name == name {
					all = append(all, valued{c, assign.RHS})
				}
			}
		})
	default:
		all = append(all, valued{c, c.file.values[name]})
	}
	kind := ""
	for _, v := range all {
		if v.x == nil || isNone(v.x) {
			continue
		}
		if self, ok := v.x.(*build.Ident); ok && self.Name == name && v.c == c {
			continue
		}
		this := v.c.kindOf(v.x, depth+1)
		if this == "" || kind != "" && this != kind {
			return ""
		}
		kind = this
	}
	return kind
}

// checkStar checks a call with **NAME. It is translated if NAME has the other arguments of a macro whose callers are all
// known, and each of the attributes that they pass on is the same in our rule.
func checkStar(c *call) {
	const advice = "list the attributes that callers use as parameters, then run this again"
	name := c.star
	if !isStarParameter(c.scope, name) {
		c.refuse("**", "kwargs", "the call passes on attributes that the program cannot see", advice)
		return
	}
	from := c.file.workspace.callers(c.scope)
	if len(from) == 0 {
		c.refuse("**", "kwargs", "the macro passes on attributes that only its callers know", advice)
		return
	}
	all, hidden := passedOn(c.file.workspace, c.scope, 0)
	if hidden != nil {
		c.refuse("**", "kwargs", "the macro's caller in "+hidden.where()+" passes on attributes that the program cannot see", advice)
		return
	}
	own := caller{call: c, args: assigned(c, name)}
	for _, from := range append([]caller{own}, all...) {
		p, refused := probe(c, from.call, from.args)
		if refused != "" {
			c.refuse("**", "kwargs", fmt.Sprintf("%s in %s passes on %s", p.kind(), p.where(), refused), advice)
			return
		}
		c.probes = append(c.probes, p)
	}
}

// passedOn returns the arguments that callers of a macro pass on with its **NAME, also through other macros. hidden is a caller
// whose arguments the workspace does not show.
func passedOn(w *workspace, def *build.DefStmt, depth int) (all []caller, hidden *call) {
	for _, from := range w.callers(def) {
		own := caller{call: from.call, args: map[string]build.Expr{}}
		for arg, value := range from.args {
			if !isParameter(def, arg) {
				own.args[arg] = value
			}
		}
		all = append(all, own)
		if !from.open {
			continue
		}
		name := from.call.starName()
		if depth > 4 || !isStarParameter(from.call.scope, name) {
			return nil, from.call
		}
		outer, hidden := passedOn(w, from.call.scope, depth+1)
		if hidden != nil {
			return nil, hidden
		}
		outer = append(outer, caller{call: from.call, args: assigned(from.call, name)})
		for _, o := range outer {
			for arg := range o.args {
				if isParameter(def, arg) {
					delete(o.args, arg)
				}
			}
			all = append(all, o)
		}
	}
	return all, nil
}

// starName returns NAME of the only argument **NAME of a call, or an empty string.
func (c *call) starName() string {
	name, count := "", 0
	for _, arg := range c.expr.List {
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
func probe(c, at *call, passed map[string]build.Expr) (p *call, refused string) {
	p = &call{file: at.file, expr: at.expr, rule: c.rule, scope: at.scope, node: c.node}
	for name, value := range passed {
		p.attrs = append(p.attrs, attr{name: name, value: value, expr: &build.AssignExpr{LHS: &build.Ident{Name: name}, RHS: value}})
	}
	slices.SortFunc(p.attrs, func(a, b attr) int { return strings.Compare(a.name, b.name) })
	own := len(p.attrs)
	p.attrs = append(p.attrs, c.attrs...)
	for i := range p.attrs[:own] {
		a := &p.attrs[i]
		do, ok := c.rule.attrs[a.name]
		switch {
		case slices.Contains(common, a.name), isNone(a.value):
			continue
		case !ok || do == nil:
			return p, a.name + ", which is not an attribute of " + c.rule.to
		}
		if do(p, a); len(p.problems) > 0 {
			return p, a.name + ": " + p.problems[0].reason
		}
		if len(p.edits)+len(p.dropped) > 0 {
			return p, a.name + ", which is not the same attribute in " + c.rule.to
		}
	}
	return p, ""
}

// assigned returns the attributes that a macro itself puts into its variable with further arguments.
func assigned(c *call, name string) map[string]build.Expr {
	found := map[string]build.Expr{}
	build.Walk(c.scope, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.AssignExpr:
			if index, ok := x.LHS.(*build.IndexExpr); ok && isNamed(index.X, name) {
				key, _ := index.Y.(*build.StringExpr)
				found[text(key)] = x.RHS
			}
		case *build.CallExpr:
			method, ok := x.X.(*build.DotExpr)
			if !ok || !isNamed(method.X, name) || len(x.List) == 0 {
				return
			}
			switch key, _ := x.List[0].(*build.StringExpr); method.Name {
			case "get", "pop":
			case "setdefault":
				if len(x.List) == 2 {
					found[text(key)] = x.List[1]
					return
				}
				found[""] = x
			default:
				found[""] = x
			}
		}
	})
	return found
}

func isNamed(x build.Expr, name string) bool {
	ident, ok := x.(*build.Ident)
	return ok && ident.Name == name
}

// isStarParameter reports whether a parameter has all further arguments by name.
func isStarParameter(def *build.DefStmt, name string) bool {
	return def != nil && slices.ContainsFunc(def.Params, func(p build.Expr) bool {
		star, ok := p.(*build.UnaryExpr)
		return ok && star.Op == "**" && isNamed(star.X, name)
	})
}
