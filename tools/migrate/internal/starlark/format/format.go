// Package format writes Starlark.
package format

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Operand returns the text of an expression as an operand of +.
func Operand(x build.Expr, text string) string {
	switch x.(type) {
	case *build.ConditionalExpr, *build.LambdaExpr:
		return "(" + text + ")"
	}
	return text
}

// Sum is a sum of strings. Assigning it makes a copy.
type Sum struct{ operands, end string }

// Text adds a text.
func (s *Sum) Text(text string) { s.end += text }

// Operand adds the value of an expression, whose text is another one after the translation.
func (s *Sum) Operand(x build.Expr, text string) {
	if s.operands != "" || s.end != "" {
		s.operands = s.String() + " + "
	}
	s.operands, s.end = s.operands+Operand(x, text), ""
}

// String returns the sum as Starlark.
func (s *Sum) String() string {
	switch {
	case s.operands == "":
		return strconv.Quote(s.end)
	case s.end == "":
		return s.operands
	}
	return s.operands + " + " + strconv.Quote(s.end)
}

// Dict returns a dictionary of strings as Starlark.
func Dict(entries map[string]string) string {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(entries)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", Quoted(key), Quoted(entries[key]))
	}
	return "{" + b.String() + "}"
}

// Indented puts blanks in front of each line but the first.
func Indented(text, blanks string) string { return strings.ReplaceAll(text, "\n", "\n"+blanks) }

// Computed marks text that is an expression of Starlark, and not a string.
func Computed(text string) string { return "\x00" + text }

// Quoted returns a string as Starlark, in which a computed text is an expression.
func Quoted(text string) string {
	before, expression, ok := strings.Cut(text, "\x00")
	switch {
	case !ok:
		return strconv.Quote(text)
	case before == "":
		return expression
	}
	return strconv.Quote(before) + " + " + expression
}
