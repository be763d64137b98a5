package flow

import (
	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Into returns the values whose entries a global dictionary has: its own, and those of other variables that the file adds
// to it.
func Into(f *model.File, name string) []build.Expr {
	var all []build.Expr
	seen := map[string]bool{}
	var add func(name string)
	value := func(x build.Expr) {
		all = append(all, x)
		build.Walk(x, func(x build.Expr, stack []build.Expr) {
			if len(stack) == 0 {
				return
			}
			if call, ok := stack[len(stack)-1].(*build.CallExpr); ok && call.X != x {
				if other, ok := x.(*build.Ident); ok {
					add(other.Name)
				} else if dict, ok := x.(*build.DictExpr); ok {
					all = append(all, dict)
				}
			}
		})
	}
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		if x := f.Values[name]; x != nil {
			if other, ok := x.(*build.Ident); ok {
				add(other.Name)
			}
			value(x)
		}
		for _, c := range f.Calls {
			if method, ok := c.Expr.X.(*build.DotExpr); ok && method.Name == "update" && expr.IsNamed(method.X, name) {
				for _, arg := range c.Expr.List {
					if other, ok := arg.(*build.Ident); ok {
						add(other.Name)
					} else {
						value(arg)
					}
				}
			}
		}
	}
	add(name)
	return all
}
