// Package flow follows values through the variables, loads and macros of a workspace.
package flow

import (
	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Kind returns "list" for an expression that can only be a list or a dict, "string" for one that can only be a string,
// and "" for all others. In a macro, a parameter whose default is a list is one.
func Kind(c *model.Call, x build.Expr) string { return kindOf(c, x, 0) }

// kindOf is Kind for a value that depth variables stand for.
func kindOf(c *model.Call, x build.Expr, depth int) string {
	switch x := x.(type) {
	case *build.Ident:
		return variableKind(c, x.Name, depth)
	case *build.ListExpr, *build.DictExpr, *build.Comprehension:
		return "list"
	case *build.StringExpr:
		return "string"
	case *build.ParenExpr:
		return kindOf(c, x.X, depth)
	case *build.ConditionalExpr:
		if left := kindOf(c, x.Then, depth); left != "" {
			return left
		}
		return kindOf(c, x.Else, depth)
	case *build.BinaryExpr:
		if left := kindOf(c, x.X, depth); left != "" {
			return left
		}
		return kindOf(c, x.Y, depth)
	case *build.CallExpr:
		kind := ""
		if name, ok := x.X.(*build.Ident); ok && (name.Name == "dict" || name.Name == "list") {
			return "list"
		}
		for i, branch := range expr.Branches(x) {
			this := kindOf(c, branch, depth)
			if i > 0 && this != kind {
				return ""
			}
			kind = this
		}
		return kind
	}
	return ""
}

// variableKind returns the Kind of a variable, if all its values in the workspace have the same. The values of a
// parameter are its default and those of all callers.
func variableKind(c *model.Call, name string, depth int) string {
	if depth > 4 {
		return ""
	}
	type valued struct {
		c *model.Call
		x build.Expr
	}
	var all []valued
	inLoop, isLoop := loopValues(c, name)
	switch {
	case isLoop:
		for _, x := range inLoop {
			all = append(all, valued{c, x})
		}
	case expr.IsParameter(c.Scope, name):
		for _, p := range c.Scope.Params {
			if assign, ok := p.(*build.AssignExpr); ok {
				if parameter, _ := build.GetParamIdent(p); parameter != nil && parameter.Name == name {
					if kind := kindOf(c, assign.RHS, depth); kind == "list" {
						return kind // a macro adds to it, or passes it on
					}
					all = append(all, valued{c, assign.RHS})
				}
			}
		}
		for _, from := range c.File.Workspace.Callers(c.Scope) {
			if from.Open {
				return ""
			}
			if x := from.Args[name]; x != nil {
				all = append(all, valued{from.Call, x})
			}
		}
	case c.Scope != nil && c.File.Values[name] == nil:
		for _, x := range expr.Assigned(c.Scope, name) {
			all = append(all, valued{c, x})
		}
	default:
		all = append(all, valued{c, c.File.Values[name]})
	}
	kind := ""
	for _, v := range all {
		if v.x == nil || expr.IsNone(v.x) {
			continue
		}
		if self, ok := v.x.(*build.Ident); ok && self.Name == name && v.c == c {
			continue
		}
		this := kindOf(v.c, v.x, depth+1)
		if this == "" || kind != "" && this != kind {
			return ""
		}
		kind = this
	}
	return kind
}
