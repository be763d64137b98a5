package flow

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// maxDepth bounds how many variables UsersOf follows.
const maxDepth = 4

// Users are the users of a global variable of a BUILD file whose value has labels of targets.
type Users struct {
	// Targets are calls of rules that are translated, which use the targets.
	Targets []*model.Call
	// Text is set if others read the labels and their keys as text.
	Text bool
	// Other is set if others use the targets, or perhaps do.
	Other bool
}

// UsersOf returns the users of a variable, and of other variables with its entries.
func UsersOf(f *model.File, name string) Users {
	var u Users
	u.add(f, name, 0)
	return u
}

// add adds the users of a variable that depth others lead to.
func (u *Users) add(f *model.File, name string, depth int) {
	if depth == maxDepth {
		u.Other = true
		return
	}
	known := map[*build.CallExpr]*model.Call{}
	for _, c := range f.Calls {
		known[c.Expr] = c
	}
	build.Walk(f.Tree, func(x build.Expr, stack []build.Expr) {
		ident, used := x.(*build.Ident)
		if !used || ident.Name != name || expr.NamesArgument(ident, stack) {
			return
		}
		if assign, defines := stack[len(stack)-1].(*build.AssignExpr); defines && assign.LHS == x {
			return
		}
		user, attr := Enclosing(stack, known)
		if user != nil {
			if IsText(f, user, attr) {
				u.Text = true
				return
			}
			if method, isMethod := user.Expr.X.(*build.DotExpr); isMethod && method.Name == "update" {
				to, _ := method.X.(*build.Ident)
				switch {
				case to == nil:
					u.Other = true
				case to.Name != name: // its entries are those of another variable
					u.add(f, to.Name, depth+1)
				}
				return
			}
		}
		if user != nil && isView(user, ident) {
			user = nil
		}
		if other := expr.Variable(stack); other != "" && (user == nil || IsDict(user)) {
			u.add(f, other, depth+1)
			return
		}
		for _, outer := range stack {
			if loop, inLoop := outer.(*build.Comprehension); inLoop && user == nil {
				call, _ := loop.Body.(*build.CallExpr)
				user = known[call]
			}
		}
		if user == nil || user.Rule == nil {
			u.Other = true
			return
		}
		u.Targets = append(u.Targets, user)
	})
}

// isView reports whether a call gives the entries of a dictionary: DICT.items() and the like.
func isView(c *model.Call, dict *build.Ident) bool {
	method, ok := c.Expr.X.(*build.DotExpr)
	return ok && method.X == build.Expr(dict) && slices.Contains([]string{"items", "keys", "values"}, method.Name)
}

// IsText reports whether an attribute holds text, in which a label names no target: that of a rule of the workspace, or the default
// of a build setting that is not a label.
func IsText(f *model.File, user *model.Call, attr string) bool {
	if attr == "build_setting_default" {
		return !slices.Contains([]string{"label_flag", "label_setting"}, strings.TrimPrefix(user.Kind(), "native."))
	}
	_, x := f.Definition(user.Kind())
	rule, ok := x.(*build.CallExpr)
	if attr == "" || !ok || !expr.IsNamed(rule.X, "rule") {
		return false
	}
	text := false
	build.Walk(rule, func(x build.Expr, _ []build.Expr) {
		var value build.Expr
		switch x := x.(type) {
		case *build.KeyValueExpr:
			if name, literal := expr.KeyOf(x); literal && name == attr {
				value = x.Value
			}
		case *build.AssignExpr:
			if expr.IsNamed(x.LHS, attr) {
				value = x.RHS
			}
		}
		if declared, ok := value.(*build.CallExpr); ok {
			kind, ok := declared.X.(*build.DotExpr)
			text = ok && expr.IsNamed(kind.X, "attr") && strings.HasPrefix(kind.Name, "string") && !strings.Contains(kind.Name, "label")
		}
	})
	return text
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
