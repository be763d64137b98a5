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

// part returns the pattern of a part of a text: any other expression is a hole.
func part(x build.Expr) string {
	if text, ok := pattern(x); ok {
		return text
	}
	return "<" + strings.NewReplacer("<", "", ">", "").Replace(build.FormatString(x)) + ">"
}

func binaryPattern(x *build.BinaryExpr) (string, bool) {
	if x.Op == "+" {
		return part(x.X) + part(x.Y), true
	}
	left, ok := pattern(x.X)
	if !ok || x.Op != "%" {
		return "", false
	}
	args := []build.Expr{x.Y}
	if tuple, ok := x.Y.(*build.TupleExpr); ok {
		args = tuple.List
	}
	for _, arg := range args {
		if !strings.Contains(left, "%s") {
			return "", false
		}
		left = strings.Replace(left, "%s", part(arg), 1)
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
		if hole == "{}" {
			text = strings.Replace(text, hole, part(value), 1)
		} else {
			text = strings.ReplaceAll(text, hole, part(value))
		}
	}
	return text, !strings.Contains(text, "{")
}

// glob returns a pattern with * for each variable.
func glob(text string) string {
	var b strings.Builder
	depth := 0
	for _, r := range text {
		switch {
		case r == '<':
			if depth++; depth == 1 {
				b.WriteByte('*')
			}
		case r == '>' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// overlap reports whether there is a text that both globs match.
func overlap(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case a != "" && a[0] == '*':
		return overlap(a[1:], b) || b != "" && overlap(a, b[1:])
	case b != "" && b[0] == '*':
		return overlap(b, a)
	}
	return a != "" && b != "" && a[0] == b[0] && overlap(a[1:], b[1:])
}
