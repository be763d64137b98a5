package flow

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// OnlyTargets returns the calls that use a global variable of a BUILD file. It reports false if one is not of a rule that is
// translated.
func OnlyTargets(f *model.File, name string, depth int) (users []*model.Call, ok bool) {
	known := map[*build.CallExpr]*model.Call{}
	for _, c := range f.Calls {
		known[c.Expr] = c
	}
	ok = depth < 4
	build.Walk(f.Tree, func(x build.Expr, stack []build.Expr) {
		ident, used := x.(*build.Ident)
		if !used || !ok || ident.Name != name || expr.NamesArgument(ident, stack) {
			return
		}
		if assign, defines := stack[len(stack)-1].(*build.AssignExpr); defines && assign.LHS == x {
			return
		}
		user, _ := Enclosing(stack, known)
		if user != nil {
			if method, isMethod := user.Expr.X.(*build.DotExpr); isMethod && method.Name == "update" {
				to, _ := method.X.(*build.Ident)
				switch {
				case to == nil:
					ok = false
				case to.Name != name: // its entries are those of another variable
					more, only := OnlyTargets(f, to.Name, depth+1)
					users, ok = append(users, more...), only
				}
				return
			}
		}
		if other := expr.Variable(stack); other != "" && (user == nil || IsDict(user)) {
			more, only := OnlyTargets(f, other, depth+1)
			users, ok = append(users, more...), only
			return
		}
		for _, outer := range stack {
			if loop, inLoop := outer.(*build.Comprehension); inLoop && user == nil {
				call, _ := loop.Body.(*build.CallExpr)
				user = known[call]
			}
		}
		if user == nil || user.Rule == nil {
			ok = false
			return
		}
		users = append(users, user)
	})
	return users, ok && len(users) > 0
}

// IsDict reports whether a call returns a dictionary with the values of its arguments.
func IsDict(c *model.Call) bool { return slices.Contains([]string{"dict", "dicts.add"}, c.Kind()) }

// Enclosing returns the outermost call around an expression, and its attribute.
func Enclosing(stack []build.Expr, known map[*build.CallExpr]*model.Call) (*model.Call, string) {
	for i, outer := range stack {
		c, ok := outer.(*build.CallExpr)
		if !ok {
			continue
		}
		if i+1 < len(stack) {
			if assign, ok := stack[i+1].(*build.AssignExpr); ok {
				if name, ok := assign.LHS.(*build.Ident); ok {
					return known[c], name.Name
				}
			}
		}
		return known[c], ""
	}
	return nil, ""
}
