package flow

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// loopValues returns the values of a variable of the loops around a call. It reports false if a loop has the variable, and does
// not run over a literal, or if none has it.
func loopValues(c *model.Call, name string) (all []build.Expr, complete bool) {
	var around build.Expr = c.Loop
	if c.Scope != nil {
		around = c.Scope
	} else if c.Loop == nil {
		return nil, false
	}
	found := false
	complete = true
	add := func(variables []string, over build.Expr) {
		at := slices.Index(variables, name)
		if at < 0 {
			return
		}
		values, ok := elements(c, over, at, len(variables))
		all, found, complete = append(all, values...), true, complete && ok
	}
	build.Walk(around, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.ForStmt:
			add(expr.LoopVariables(x), x.X)
		case *build.ForClause:
			add(expr.LoopVariables(x), x.X)
		}
	})
	return all, found && complete
}

// elements returns what one of several variables is in a loop over a literal, a variable with one, or the items of a dictionary.
func elements(c *model.Call, over build.Expr, at, variables int) (all []build.Expr, ok bool) {
	if call, ok := over.(*build.CallExpr); ok {
		method, ok := call.X.(*build.DotExpr)
		if !ok || method.Name != "items" || len(call.List) != 0 || variables != 2 {
			return nil, false
		}
		dict, ok := literal(c, method.X).(*build.DictExpr)
		if !ok {
			return nil, false
		}
		for _, entry := range dict.List {
			all = append(all, []build.Expr{entry.Key, entry.Value}[at])
		}
		return all, true
	}
	list, ok := literal(c, over).(*build.ListExpr)
	if !ok {
		return nil, false
	}
	for _, x := range list.List {
		if variables == 1 {
			all = append(all, x)
			continue
		}
		tuple, ok := x.(*build.TupleExpr)
		if !ok || len(tuple.List) != variables {
			return nil, false
		}
		all = append(all, tuple.List[at])
	}
	return all, true
}

// literal returns the value of a global variable, or the expression itself.
func literal(c *model.Call, x build.Expr) build.Expr {
	if name, ok := x.(*build.Ident); ok {
		_, x = c.File.Definition(name.Name)
	}
	return x
}
