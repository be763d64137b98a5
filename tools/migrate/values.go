package main

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/bazelbuild/buildtools/build"
)

// listed takes an attribute over that may also be the label of a file in the other ruleset. fileTo is our attribute for
// the file, if there is one.
func listed(to, fileTo string) action {
	return func(c *call, a *attr) {
		kind := c.valueKind(a.value)
		switch {
		case kind == "list":
			c.rename(a, to)
		case kind == "string" && fileTo != "":
			c.rename(a, fileTo)
		case kind == "string":
			c.refuse(a.name, "file", "the value comes from a file", "write the value in the BUILD file")
		case fileTo != "" && c.scope != nil && c.attr("name") != nil && !computes.MatchString(c.file.source(a.value)):
			c.either(a, to, fileTo)
		default:
			c.refuse(a.name, "unknown-type", "the value may be a list or the label of a file", "write a list, or a select of lists")
		}
	}
}

// computes matches expressions that cannot be written twice, or whose type says nothing.
var computes = regexp.MustCompile(`select\(|\.pop\(`)

// either takes a value of a macro over that is a list for some callers, and the label of a file for others.
func (c *call) either(a *attr, to, fileTo string) {
	value := operand(a.value, c.file.source(a.value))
	isFile := fmt.Sprintf("type(%s) in [\"string\", \"Label\"]", c.file.source(a.value))
	c.rename(a, to)
	c.set(a, "None if "+isFile+" else "+value)
	c.addText(fileTo, value+" if "+isFile+" else None")
}

// valueKind returns "list" for an expression that can only be a list or a dict, "string" for one that can only be a string,
// and "" for all others. In a macro, a parameter whose default is a list is one.
func (c *call) valueKind(x build.Expr) string { return c.kindOf(x, 0) }

// kindOf is valueKind for a value that depth variables stand for.
func (c *call) kindOf(x build.Expr, depth int) string {
	switch x := x.(type) {
	case *build.Ident:
		return c.variableKind(x.Name, depth)
	case *build.ListExpr, *build.DictExpr, *build.Comprehension:
		return "list"
	case *build.StringExpr:
		return "string"
	case *build.ParenExpr:
		return c.kindOf(x.X, depth)
	case *build.ConditionalExpr:
		if left := c.kindOf(x.Then, depth); left != "" {
			return left
		}
		return c.kindOf(x.Else, depth)
	case *build.BinaryExpr:
		if left := c.kindOf(x.X, depth); left != "" {
			return left
		}
		return c.kindOf(x.Y, depth)
	case *build.CallExpr:
		kind := ""
		if name, ok := x.X.(*build.Ident); ok && (name.Name == "dict" || name.Name == "list") {
			return "list"
		}
		for i, branch := range branches(x) {
			this := c.kindOf(branch, depth)
			if i > 0 && this != kind {
				return ""
			}
			kind = this
		}
		return kind
	}
	return ""
}

// branches returns the values of a select, or nothing for any other call.
func branches(x *build.CallExpr) []build.Expr {
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

// items returns the elements of lists, and of their sums and selects. It reports false if there may be others.
func items(x build.Expr) (all []build.Expr, complete bool) {
	switch x := x.(type) {
	case *build.ListExpr:
		return x.List, true
	case *build.ParenExpr:
		return items(x.X)
	case *build.Comprehension:
		if !x.Curly {
			return []build.Expr{x.Body}, true
		}
	case *build.ConditionalExpr:
		left, a := items(x.Then)
		right, b := items(x.Else)
		return append(slices.Clone(left), right...), a && b
	case *build.BinaryExpr:
		left, a := items(x.X)
		right, b := items(x.Y)
		return append(slices.Clone(left), right...), a && b && x.Op == "+"
	case *build.CallExpr:
		values := branches(x)
		complete = len(values) > 0
		for _, value := range values {
			more, ok := items(value)
			all, complete = append(all, more...), complete && ok
		}
		return all, complete
	}
	return nil, false
}

// values returns the values that an attribute of a single label may have: itself, or those of a select or a condition.
func values(x build.Expr) []build.Expr {
	switch x := x.(type) {
	case *build.CallExpr:
		if all := branches(x); all != nil {
			return all
		}
	case *build.ParenExpr:
		return values(x.X)
	case *build.ConditionalExpr:
		return append(slices.Clone(values(x.Then)), values(x.Else)...)
	}
	return []build.Expr{x}
}

// label takes an attribute over that names one target.
func label(to string) action {
	return func(c *call, a *attr) {
		c.rename(a, to)
		for _, value := range values(a.value) {
			if !isNone(value) {
				c.need(a.name, value)
			}
		}
	}
}

// labels takes an attribute over that names several targets.
func labels(to string) action {
	return func(c *call, a *attr) {
		c.rename(a, to)
		all, complete := items(a.value)
		if !complete && c.scope == nil {
			if name, ok := a.value.(*build.Ident); ok && c.file.values[name.Name] != nil {
				all, complete = items(c.file.values[name.Name])
			}
		}
		// In a macro, a variable has the targets of the macro itself, and those of its callers.
		if !complete && c.scope == nil {
			c.refuse(a.name, "unknown-labels", "the list of targets is not written in this call", "write the list in the call")
			return
		}
		for _, value := range all {
			c.need(a.name, value)
		}
	}
}
