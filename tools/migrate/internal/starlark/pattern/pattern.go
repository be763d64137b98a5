// Package pattern compares the names of targets, which macros compute.
package pattern

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Of returns the text that an expression makes in a macro, with <NAME> for variables, so that the same name is
// recognized however it is written: name + "_layer", "%s_layer" % name, "{}_layer".format(name). It reports false for
// expressions that it does not know.
func Of(x build.Expr) (string, bool) {
	switch x := x.(type) {
	case *build.StringExpr:
		return x.Value, true
	case *build.Ident:
		return "<" + x.Name + ">", true
	case *build.DotExpr:
		inner, ok := Of(x.X)
		return "<" + inner + "." + x.Name + ">", ok
	case *build.ParenExpr:
		return Of(x.X)
	case *build.BinaryExpr:
		return binaryPattern(x)
	case *build.CallExpr:
		return formatPattern(x)
	}
	return "", false
}

// part returns the pattern of a part of a text: any other expression is a hole.
func part(x build.Expr) string {
	if text, ok := Of(x); ok {
		return text
	}
	return "<" + strings.NewReplacer("<", "", ">", "").Replace(build.FormatString(x)) + ">"
}

func binaryPattern(x *build.BinaryExpr) (string, bool) {
	if x.Op == "+" {
		return part(x.X) + part(x.Y), true
	}
	left, ok := Of(x.X)
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
	for i, arg := range x.List {
		hole, value := fmt.Sprintf("{%d}", i), arg
		if assign, ok := arg.(*build.AssignExpr); ok {
			name, ok := assign.LHS.(*build.Ident)
			if !ok {
				return "", false
			}
			hole, value = "{"+name.Name+"}", assign.RHS
		}
		if value == arg {
			text = strings.Replace(text, "{}", part(value), 1)
		}
		text = strings.ReplaceAll(text, hole, part(value))
	}
	return text, !strings.Contains(text, "{")
}

// Glob returns a pattern with * for each variable.
func Glob(text string) string {
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

// Overlap reports whether there is a text that both globs match. Its time is the product of their lengths.
func Overlap(a, b string) bool {
	// row[j] is set if the rest of a and b[j:] overlap.
	row := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		below := row
		row = make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i] == '*':
				row[j] = below[j] || j < len(b) && row[j+1]
			case j < len(b) && b[j] == '*':
				row[j] = row[j+1] || i < len(a) && below[j]
			case i < len(a) && j < len(b):
				row[j] = a[i] == b[j] && below[j+1]
			}
		}
	}
	return row[0]
}
