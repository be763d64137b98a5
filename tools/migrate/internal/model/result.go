package model

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// Translated reports whether a call will be one of ours.
func (c *Call) Translated() bool { return len(c.Problems) == 0 && c.Rule.To != "" }

// Belongs makes a call stay because another one does.
func (c *Call) Belongs(cause *Call) {
	c.Cause = cause
	c.Refuse("", "chain", fmt.Sprintf("it belongs together with %s in %s, which is not translated", cause.Kind(), cause.Where()), "solve that first")
}

// HasProblem reports whether a problem with a code keeps the call.
func (c *Call) HasProblem(code string) bool {
	return slices.ContainsFunc(c.Problems, func(p Problem) bool { return p.Code == code })
}

// Refuse notes a reason to leave the call as it is.
func (c *Call) Refuse(attr, code, reason, advice string) {
	c.Problems = append(c.Problems, Problem{Attr: attr, Code: code, Reason: reason, Advice: advice})
}

// Note adds what the user should know about a translated call.
func (c *Call) Note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// Rename gives an attribute another name.
func (c *Call) Rename(a *Attr, to string) {
	if a.Name != to {
		c.Replace(a.Expr.LHS, to)
	}
}

// Set replaces the value of an attribute.
func (c *Call) Set(a *Attr, value string) { c.Replace(a.Value, value) }

// Replace writes other text in place of an expression.
func (c *Call) Replace(x build.Expr, text string) { c.Edits.Replace(x, text) }

// Take returns the text of an expression after the call's edits, which it removes: the text goes into a larger edit.
func (c *Call) Take(x build.Expr) (text string) {
	text, c.Edits = c.Edits.Take(c.File.Text, x)
	return text
}

// Drop removes an attribute.
func (c *Call) Drop(a *Attr) { c.Dropped = append(c.Dropped, a.Index) }

// DropStar removes the argument **NAME.
func (c *Call) DropStar() {
	for i, arg := range c.Expr.List {
		if star, ok := arg.(*build.UnaryExpr); ok && star.Op == "**" {
			c.Dropped = append(c.Dropped, i)
		}
	}
	c.Star = ""
}

// AddText puts an attribute behind the name.
func (c *Call) AddText(name, value string) {
	start, end := edit.Span(c.Attr("name").Expr)
	blanks, lines := c.File.Text.Indent(start)
	separator := " "
	if lines {
		separator = "\n" + blanks
	}
	c.Edits.Insert(end, ","+separator+name+" = "+value)
}

// Need notes a target that an attribute names.
func (c *Call) Need(attr string, value build.Expr) {
	c.Refs = append(c.Refs, Reference{Attr: attr, Value: value})
}

// Clear notes a setting of the base that is not inherited.
func (c *Call) Clear(setting string) { c.Cleared = append(c.Cleared, strconv.Quote(setting)) }
