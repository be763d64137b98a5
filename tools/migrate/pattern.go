package main

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// pattern returns the text that an expression makes in a macro, with <NAME> for variables, so that the same name is
// recognized however it is written: name + "_layer", "%s_layer" % name, "{}_layer".format(name). It reports false for
// expressions that it does not know.
func pattern(x build.Expr) (string, bool) {
	switch x := x.(type) {
	case *build.StringExpr:
		return x.Value, true
	case *build.Ident:
		return "<" + x.Name + ">", true
	case *build.DotExpr:
		inner, ok := pattern(x.X)
		return "<" + inner + "." + x.Name + ">", ok
	case *build.ParenExpr:
		return pattern(x.X)
	case *build.BinaryExpr:
		return binaryPattern(x)
	case *build.CallExpr:
		return formatPattern(x)
	}
	return "", false
}

func binaryPattern(x *build.BinaryExpr) (string, bool) {
	left, ok := pattern(x.X)
	if !ok {
		return "", false
	}
	if x.Op == "+" {
		right, ok := pattern(x.Y)
		return left + right, ok
	}
	if x.Op != "%" {
		return "", false
	}
	args := []build.Expr{x.Y}
	if tuple, ok := x.Y.(*build.TupleExpr); ok {
		args = tuple.List
	}
	for _, arg := range args {
		text, ok := pattern(arg)
		if !ok || !strings.Contains(left, "%s") {
			return "", false
		}
		left = strings.Replace(left, "%s", text, 1)
	}
	return left, !strings.Contains(left, "%")
}

func formatPattern(x *build.CallExpr) (string, bool) {
	method, ok := x.X.(*build.DotExpr)
	if !ok || method.Name != "format" {
		return "", false
	}
	s, ok := method.X.(*build.StringExpr)
	if !ok {
		return "", false
	}
	text := s.Value
	for _, arg := range x.List {
		hole, value := "{}", arg
		if assign, ok := arg.(*build.AssignExpr); ok {
			name, ok := assign.LHS.(*build.Ident)
			if !ok {
				return "", false
			}
			hole, value = "{"+name.Name+"}", assign.RHS
		}
		inner, ok := pattern(value)
		if !ok {
			return "", false
		}
		if hole == "{}" {
			text = strings.Replace(text, hole, inner, 1)
		} else {
			text = strings.ReplaceAll(text, hole, inner)
		}
	}
	return text, !strings.Contains(text, "{")
}
