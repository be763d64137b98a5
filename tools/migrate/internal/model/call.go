package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Call is one call of a function in a file: of a rule that the program translates, or of any other.
type Call struct {
	File  *File
	Expr  *build.CallExpr
	Rule  *Rule // nil for a function that is not translated
	Scope *build.DefStmt
	// Alone is set if the call is a statement, so that other statements can be put in front of it.
	Alone bool
	// Loop is set if the call is the element of a comprehension that is a statement.
	Loop  *build.Comprehension
	Attrs []Attr
	Star  string // the variable in an argument **NAME

	// What becomes of the call, if Problems is empty. Refs are translated together with it.
	Edits    edit.List
	Dropped  []int    // arguments to remove
	Replaced []string // variables that edits replace by other text
	Cleared  []string // settings of the base that are not inherited, as Starlark
	Own      any      // what the code for the rule keeps about the call
	Probes   []*Call  // the callers that pass on attributes with it
	Probe    bool     // set if this is one of them, which has the attributes only to check them
	Made     []Made   // targets to put in front
	Problems []Problem
	Notes    []string
	Refs     []Reference
	Node     int    // in the chains
	Cause    *Call  // the call that keeps this one
	Absorbed *Call  // a call that goes with the translation of this one
	Goes     bool   // set if this is such a call
	Pulled   string // of a pull: the image with its digest, as Starlark
	Copied   string // of a pull that stays: the name of a second one
}

// Attr is an argument NAME = VALUE of a call.
type Attr struct {
	Name  string
	Value build.Expr
	Index int
	Expr  *build.AssignExpr
}

// Problem is a reason to leave a call as it is.
type Problem struct{ Attr, Code, Reason, Advice string }

// Reference is a target that a call needs.
type Reference struct {
	Attr  string
	Key   string // as Call.Key returns it
	Value build.Expr
}

func (f *File) addCall(x *build.CallExpr, stack []build.Expr) {
	c := &Call{File: f, Expr: x}
	if name, ok := x.X.(*build.Ident); ok {
		c.Rule = f.Rules[name.Name]
	}
	for _, outer := range stack {
		if def, ok := outer.(*build.DefStmt); ok {
			c.Scope = def
		}
	}
	if len(stack) > 0 {
		c.Alone = expr.IsBlock(stack[len(stack)-1])
		if loop, ok := stack[len(stack)-1].(*build.Comprehension); ok && len(stack) > 1 && expr.IsBlock(stack[len(stack)-2]) && loop.Body == build.Expr(x) && !loop.Curly {
			c.Alone, c.Loop = true, loop
		}
	}
	for i, arg := range x.List {
		if assign, ok := arg.(*build.AssignExpr); ok {
			if name, ok := assign.LHS.(*build.Ident); ok {
				c.Attrs = append(c.Attrs, Attr{Name: name.Name, Value: assign.RHS, Index: i, Expr: assign})
				continue
			}
		}
		if c.Rule != nil {
			c.checkArgument(arg)
		}
	}
	f.Calls = append(f.Calls, c)
}

// checkArgument looks at an argument without a name. The plan checks **NAME when all files are known.
func (c *Call) checkArgument(arg build.Expr) {
	star, ok := arg.(*build.UnaryExpr)
	if !ok || star.Op != "**" {
		c.Refuse("", "positional", "the call has an argument without a name", "write NAME = VALUE")
		return
	}
	if name, ok := star.X.(*build.Ident); ok {
		c.Star = name.Name
	} else {
		c.Star = "**"
	}
}

// Kind returns the name that the file calls the function by.
func (c *Call) Kind() string {
	if name, ok := c.Expr.X.(*build.Ident); ok {
		return name.Name
	}
	return build.FormatString(c.Expr.X)
}

func (c *Call) line() int { start, _ := c.Expr.Span(); return start.Line }

// Where returns FILE:LINE.
func (c *Call) Where() string { return fmt.Sprintf("%s:%d", c.File.Name, c.line()) }

// Attr returns the attribute with a name, or nil. None is like no value.
func (c *Call) Attr(name string) *Attr {
	for i := range c.Attrs {
		if c.Attrs[i].Name == name && !expr.IsNone(c.Attrs[i].Value) {
			return &c.Attrs[i]
		}
	}
	return nil
}

// Text returns the literal string of an attribute.
func (c *Call) Text(name string) (string, bool) {
	a := c.Attr(name)
	if a == nil {
		return "", false
	}
	s, ok := a.Value.(*build.StringExpr)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// IsTag reports whether a call is a tag of a module extension, or the like: nothing loads its function.
func (c *Call) IsTag() bool {
	if c.File.Tree.Type == build.TypeModule {
		return true
	}
	_, ok := c.Expr.X.(*build.DotExpr)
	return ok
}

// Strings returns the strings of a list.
func (c *Call) Strings(name string) []string {
	a := c.Attr(name)
	if a == nil {
		return nil
	}
	return expr.Strings(a.Value)
}

// OnlyStrings reports whether an attribute is a list of strings.
func OnlyStrings(a *Attr) bool {
	if a == nil {
		return false
	}
	list, ok := a.Value.(*build.ListExpr)
	return ok && !slices.ContainsFunc(list.List, func(x build.Expr) bool { _, ok := x.(*build.StringExpr); return !ok })
}

// SourceOf returns the text of an attribute, or an empty string.
func (c *Call) SourceOf(name string) string {
	if a := c.Attr(name); a != nil {
		return c.File.Source(a.Value)
	}
	return ""
}

// Forwards returns the targets that a target stands for: those of an alias, or the source of a platform_transition_filegroup,
// which our rules take the image from.
func (c *Call) Forwards() []build.Expr {
	switch strings.TrimPrefix(c.Kind(), "native.") {
	case "alias":
		if actual := c.Attr("actual"); actual != nil {
			return expr.Values(actual.Value)
		}
	case "platform_transition_filegroup":
		if srcs := c.Attr("srcs"); srcs != nil {
			if list, ok := srcs.Value.(*build.ListExpr); ok && len(list.List) == 1 {
				return list.List
			}
		}
	}
	return nil
}

// IsFilegroup reports whether a call declares a filegroup.
func (c *Call) IsFilegroup() bool { return strings.TrimPrefix(c.Kind(), "native.") == "filegroup" }
