package flow

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// ListedNames returns the strings that a variable of the file may be, as globs.
func ListedNames(f *model.File, name string) []string {
	var all []string
	add := func(x build.Expr) {
		if list, ok := x.(*build.Ident); ok && f.Values[list.Name] != nil {
			x = f.Values[list.Name]
		}
		build.Walk(x, func(x build.Expr, stack []build.Expr) {
			if len(stack) > 0 {
				if _, part := stack[len(stack)-1].(*build.BinaryExpr); part {
					return
				}
			}
			switch x.(type) {
			case *build.StringExpr, *build.BinaryExpr:
				if text, ok := pattern.Of(x); ok {
					all = append(all, pattern.Glob(text))
				}
			}
		})
	}
	if value := f.Values[name]; value != nil {
		add(value)
	}
	build.Walk(f.Tree, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.ForStmt:
			if slices.Contains(expr.LoopVariables(x), name) {
				add(x.X)
			}
		case *build.Comprehension:
			for _, clause := range x.Clauses {
				if loop, ok := clause.(*build.ForClause); ok && slices.Contains(expr.LoopVariables(x), name) {
					add(loop.X)
				}
			}
		}
	})
	return all
}
