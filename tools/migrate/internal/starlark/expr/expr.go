// Package expr answers questions about a Starlark expression that need nothing but the expression.
package expr

import (
	"github.com/bazelbuild/buildtools/build"
)

// KeyOf returns the literal key of an entry of a dictionary.
func KeyOf(entry *build.KeyValueExpr) (string, bool) {
	if entry == nil {
		return "", false
	}
	s, ok := entry.Key.(*build.StringExpr)
	return Text(s), ok
}

// IsVariable reports whether an expression is a name.
func IsVariable(x build.Expr) bool {
	_, ok := x.(*build.Ident)
	return ok
}

// Constructed returns the text in Label(TEXT), or nil.
func Constructed(value build.Expr) *build.StringExpr {
	call, ok := value.(*build.CallExpr)
	if !ok || len(call.List) != 1 {
		return nil
	}
	if name, ok := call.X.(*build.Ident); !ok || name.Name != "Label" {
		return nil
	}
	s, _ := call.List[0].(*build.StringExpr)
	return s
}

// IsText reports whether an expression can only be a single string: a name or a sum of strings.
func IsText(x build.Expr) bool {
	switch x := x.(type) {
	case *build.StringExpr, *build.Ident:
		return true
	case *build.ParenExpr:
		return IsText(x.X)
	case *build.BinaryExpr:
		_, formats := x.X.(*build.StringExpr)
		return x.Op == "+" && (IsText(x.X) || IsText(x.Y)) || x.Op == "%" && formats
	case *build.CallExpr:
		method, ok := x.X.(*build.DotExpr)
		return ok && method.Name == "format"
	}
	return false
}

// IsNone reports whether an expression is None.
func IsNone(x build.Expr) bool {
	name, ok := x.(*build.Ident)
	return ok && name.Name == "None"
}

// Leftmost returns the literal string that an expression begins with.
func Leftmost(x build.Expr) string { return Text(LeftmostLiteral(x)) }

// LeftmostLiteral returns the literal that an expression begins with, or nil.
func LeftmostLiteral(x build.Expr) *build.StringExpr {
	switch x := x.(type) {
	case *build.StringExpr:
		return x
	case *build.BinaryExpr:
		return LeftmostLiteral(x.X)
	case *build.CallExpr:
		return LeftmostLiteral(x.X)
	case *build.DotExpr:
		return LeftmostLiteral(x.X)
	}
	return nil
}

// Text returns the text of a literal, or an empty string for nil.
func Text(s *build.StringExpr) string {
	if s == nil {
		return ""
	}
	return s.Value
}

// IsString reports whether the value of an attribute with a single string can be part of another text.
func IsString(x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	return !ok || Branches(call) == nil && !IsNamed(call.X, "select")
}

// IsNamed reports whether an expression is a certain name.
func IsNamed(x build.Expr, name string) bool {
	ident, ok := x.(*build.Ident)
	return ok && ident.Name == name
}
