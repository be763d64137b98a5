package expr

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"
)

// Entries returns the entries of a dictionary that a call shows.
func Entries(x build.Expr) []*build.KeyValueExpr {
	switch x := x.(type) {
	case *build.DictExpr:
		return x.List
	case *build.BinaryExpr:
		return append(append([]*build.KeyValueExpr{}, Entries(x.X)...), Entries(x.Y)...)
	case *build.Comprehension:
		if entry, ok := x.Body.(*build.KeyValueExpr); ok && x.Curly {
			return []*build.KeyValueExpr{entry}
		}
	}
	return nil
}

// Strings returns all literal strings in an expression.
func Strings(x build.Expr) []string {
	var all []string
	build.Walk(x, func(x build.Expr, _ []build.Expr) {
		if s, ok := x.(*build.StringExpr); ok {
			all = append(all, s.Value)
		}
	})
	return all
}

// Branches returns the values of a select, or nothing for any other call.
func Branches(x *build.CallExpr) []build.Expr {
	name, ok := x.X.(*build.Ident)
	if !ok || name.Name != "select" || len(x.List) == 0 {
		return nil
	}
	dict, ok := x.List[0].(*build.DictExpr)
	if !ok {
		return nil
	}
	var values []build.Expr
	for _, entry := range dict.List {
		values = append(values, entry.Value)
	}
	return values
}

// Items returns the elements of lists, and of their sums and selects. It reports false if there may be others.
func Items(x build.Expr) (all []build.Expr, complete bool) {
	switch x := x.(type) {
	case *build.ListExpr:
		return x.List, true
	case *build.ParenExpr:
		return Items(x.X)
	case *build.Comprehension:
		if !x.Curly {
			return []build.Expr{x.Body}, true
		}
	case *build.ConditionalExpr:
		left, a := Items(x.Then)
		right, b := Items(x.Else)
		return append(slices.Clone(left), right...), a && b
	case *build.BinaryExpr:
		left, a := Items(x.X)
		right, b := Items(x.Y)
		return append(slices.Clone(left), right...), a && b && x.Op == "+"
	case *build.CallExpr:
		values := Branches(x)
		complete = len(values) > 0
		for _, value := range values {
			more, ok := Items(value)
			all, complete = append(all, more...), complete && ok
		}
		return all, complete
	}
	return nil, false
}

// Values returns the values that an attribute of a single label may have: itself, or those of a select, a condition or an "or".
func Values(x build.Expr) []build.Expr {
	switch x := x.(type) {
	case *build.CallExpr:
		if all := Branches(x); all != nil {
			return all
		}
	case *build.ParenExpr:
		return Values(x.X)
	case *build.ConditionalExpr:
		return append(slices.Clone(Values(x.Then)), Values(x.Else)...)
	case *build.BinaryExpr:
		if x.Op == "or" {
			return append(slices.Clone(Values(x.X)), Values(x.Y)...)
		}
	}
	return []build.Expr{x}
}
