package expr

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"
)

// IsBlock reports whether the elements of an expression are statements.
func IsBlock(x build.Expr) bool {
	switch x.(type) {
	case *build.File, *build.DefStmt, *build.ForStmt, *build.IfStmt:
		return true
	}
	return false
}

// IsParameter reports whether a function has a parameter with a name.
func IsParameter(def *build.DefStmt, name string) bool {
	return def != nil && slices.ContainsFunc(def.Params, func(p build.Expr) bool {
		parameter, _ := build.GetParamIdent(p)
		return parameter != nil && parameter.Name == name
	})
}

// IsPassedOn reports whether a value is an argument that a macro's caller passes on: KWARGS.get(NAME) or KWARGS.pop(NAME), perhaps with
// a default.
func IsPassedOn(def *build.DefStmt, x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	if !ok || len(call.List) != 1 && len(call.List) != 2 {
		return false
	}
	method, ok := call.X.(*build.DotExpr)
	if !ok || method.Name != "get" && method.Name != "pop" {
		return false
	}
	star, ok := method.X.(*build.Ident)
	return ok && IsStarParameter(def, star.Name)
}

// IsArgument reports whether an assignment is an argument of a call, NAME = VALUE.
func IsArgument(x build.Expr, stack []build.Expr) bool {
	if len(stack) == 0 {
		return false
	}
	parent, ok := stack[len(stack)-1].(*build.CallExpr)
	return ok && parent.X != x
}

// NamesArgument reports whether an identifier is the name of an argument, or part of a load.
func NamesArgument(x *build.Ident, stack []build.Expr) bool {
	if len(stack) == 0 {
		return false
	}
	switch parent := stack[len(stack)-1].(type) {
	case *build.LoadStmt:
		return true
	case *build.AssignExpr:
		return parent.LHS == build.Expr(x) && IsArgument(parent, stack[:len(stack)-1])
	}
	return false
}

// LoopVariables returns the names that a loop, a comprehension or one of its clauses sets.
func LoopVariables(x build.Expr) []string {
	var names []string
	add := func(vars build.Expr) {
		build.Walk(vars, func(x build.Expr, _ []build.Expr) {
			if name, ok := x.(*build.Ident); ok {
				names = append(names, name.Name)
			}
		})
	}
	switch x := x.(type) {
	case *build.ForStmt:
		add(x.Vars)
	case *build.ForClause:
		add(x.Vars)
	case *build.Comprehension:
		for _, clause := range x.Clauses {
			if loop, ok := clause.(*build.ForClause); ok {
				add(loop.Vars)
			}
		}
	}
	return names
}

// IsStarParameter reports whether a parameter has all further arguments by name.
func IsStarParameter(def *build.DefStmt, name string) bool {
	return def != nil && slices.ContainsFunc(def.Params, func(p build.Expr) bool {
		star, ok := p.(*build.UnaryExpr)
		return ok && star.Op == "**" && IsNamed(star.X, name)
	})
}

// Variable returns the name of the global variable that an expression is a part of.
func Variable(stack []build.Expr) string {
	if len(stack) < 2 {
		return ""
	}
	if assign, ok := stack[1].(*build.AssignExpr); ok && assign.Op == "=" {
		if name, ok := assign.LHS.(*build.Ident); ok {
			return name.Name
		}
	}
	return ""
}

// IsLoad reports whether an expression is a part of a load statement.
func IsLoad(stack []build.Expr) bool {
	return slices.ContainsFunc(stack, func(x build.Expr) bool { _, ok := x.(*build.LoadStmt); return ok })
}

// Assigned returns the values that a function assigns to a variable.
func Assigned(def *build.DefStmt, name string) []build.Expr {
	var all []build.Expr
	build.Walk(def, func(x build.Expr, stack []build.Expr) {
		if assign, ok := x.(*build.AssignExpr); ok && IsNamed(assign.LHS, name) && !IsArgument(x, stack) {
			all = append(all, assign.RHS)
		}
	})
	return all
}
