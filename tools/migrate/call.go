package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// call is one call of a function in a file: of a rule that the program translates, or of any other.
type call struct {
	file  *file
	expr  *build.CallExpr
	rule  *rule // nil for a function that is not translated
	scope *build.DefStmt
	// alone is set if the call is a statement, so that other statements can be put in front of it.
	alone bool
	// loop is set if the call is the element of a comprehension that is a statement.
	loop  *build.Comprehension
	attrs []attr

	edits    edit.List
	dropped  []int    // arguments to remove
	replaced []string // variables that edits replace by other text
	cleared  []string // settings of the base that are not inherited, as Starlark
	own      any      // what the code for the rule keeps about the call
	star     string   // the variable in an argument **NAME
	probes   []*call  // the callers that pass on attributes with it
	made     []made   // targets to put in front
	problems []problem
	notes    []string
	refs     []reference
	node     int    // in the chains
	cause    *call  // the call that keeps this one
	absorbed *call  // a call that goes with the translation of this one
	goes     bool   // set if this is such a call
	pulled   string // of a pull: the image with its digest, as Starlark
	copied   string // of a pull that stays: the name of a second one
}

// attr is an argument NAME = VALUE of a call.
type attr struct {
	name  string
	value build.Expr
	index int
	expr  *build.AssignExpr
}

// problem is a reason to leave a call as it is.
type problem struct{ attr, code, reason, advice string }

// reference is a target that a call needs.
type reference struct {
	attr  string
	key   string // as call.key returns it
	value build.Expr
}

func (f *file) addCall(x *build.CallExpr, stack []build.Expr) {
	c := &call{file: f, expr: x}
	if name, ok := x.X.(*build.Ident); ok {
		c.rule = f.rules[name.Name]
	}
	for _, outer := range stack {
		if def, ok := outer.(*build.DefStmt); ok {
			c.scope = def
		}
	}
	if len(stack) > 0 {
		c.alone = isBlock(stack[len(stack)-1])
		if loop, ok := stack[len(stack)-1].(*build.Comprehension); ok && len(stack) > 1 && isBlock(stack[len(stack)-2]) && loop.Body == build.Expr(x) && !loop.Curly {
			c.alone, c.loop = true, loop
		}
	}
	for i, arg := range x.List {
		if assign, ok := arg.(*build.AssignExpr); ok {
			if name, ok := assign.LHS.(*build.Ident); ok {
				c.attrs = append(c.attrs, attr{name: name.Name, value: assign.RHS, index: i, expr: assign})
				continue
			}
		}
		if c.rule != nil {
			c.checkArgument(arg)
		}
	}
	f.calls = append(f.calls, c)
}

// isBlock reports whether the elements of an expression are statements.
func isBlock(x build.Expr) bool {
	switch x.(type) {
	case *build.File, *build.DefStmt, *build.ForStmt, *build.IfStmt:
		return true
	}
	return false
}

// checkArgument looks at an argument without a name. plan checks **NAME when all files are known.
func (c *call) checkArgument(arg build.Expr) {
	star, ok := arg.(*build.UnaryExpr)
	if !ok || star.Op != "**" {
		c.refuse("", "positional", "the call has an argument without a name", "write NAME = VALUE")
		return
	}
	if name, ok := star.X.(*build.Ident); ok {
		c.star = name.Name
	} else {
		c.star = "**"
	}
}

// kind returns the name that the file calls the function by.
func (c *call) kind() string {
	if name, ok := c.expr.X.(*build.Ident); ok {
		return name.Name
	}
	return build.FormatString(c.expr.X)
}

func (c *call) line() int { start, _ := c.expr.Span(); return start.Line }

// where returns FILE:LINE.
func (c *call) where() string { return fmt.Sprintf("%s:%d", c.file.name, c.line()) }

func (c *call) attr(name string) *attr {
	for i := range c.attrs {
		if c.attrs[i].name == name && !isNone(c.attrs[i].value) {
			return &c.attrs[i]
		}
	}
	return nil
}

// text returns the literal string of an attribute.
func (c *call) text(name string) (string, bool) {
	a := c.attr(name)
	if a == nil {
		return "", false
	}
	s, ok := a.value.(*build.StringExpr)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// target returns the key of the target that a call declares: its label in a BUILD file, or its name's text in a macro.
func (c *call) target() (string, bool) {
	a := c.attr("name")
	if a == nil {
		return "", false
	}
	return c.key(a.value)
}

// key returns the key of the target that a value refers to. In a macro, names are expressions; two of the same text are the
// same name.
func (c *call) key(value build.Expr) (string, bool) {
	if inner := constructed(value); inner != nil {
		value = inner
	}
	s, literal := value.(*build.StringExpr)
	switch {
	case literal && isExternal(s.Value):
		return s.Value, true
	case literal && c.scope != nil && !strings.HasPrefix(s.Value, "//"):
		return c.scopeKey(strings.TrimPrefix(s.Value, ":")), true
	case literal:
		return c.file.label(s.Value), true
	case !isText(value):
		return "", false
	}
	text, known := pattern(value)
	if !known {
		text = build.FormatString(value)
	}
	return c.scopeKey(strings.TrimPrefix(text, ":")), true
}

// constructed returns the text in Label(TEXT), or nil.
func constructed(value build.Expr) *build.StringExpr {
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

func (c *call) scopeKey(text string) string {
	scope := ""
	if c.scope != nil {
		scope = c.scope.Name
	}
	return c.file.name + "#" + scope + "#" + text
}

// isText reports whether an expression can only be a single string: a name or a sum of strings.
func isText(x build.Expr) bool {
	switch x := x.(type) {
	case *build.StringExpr, *build.Ident:
		return true
	case *build.ParenExpr:
		return isText(x.X)
	case *build.BinaryExpr:
		_, formats := x.X.(*build.StringExpr)
		return x.Op == "+" && (isText(x.X) || isText(x.Y)) || x.Op == "%" && formats
	case *build.CallExpr:
		method, ok := x.X.(*build.DotExpr)
		return ok && method.Name == "format"
	}
	return false
}

func isNone(x build.Expr) bool {
	name, ok := x.(*build.Ident)
	return ok && name.Name == "None"
}

// need notes a target that an attribute names.
func (c *call) need(attr string, value build.Expr) {
	c.refs = append(c.refs, reference{attr: attr, value: value})
}

// clear notes a setting of the base that is not inherited.
func (c *call) clear(setting string) { c.cleared = append(c.cleared, strconv.Quote(setting)) }

// refuse notes a reason to leave the call as it is.
func (c *call) refuse(attr, code, reason, advice string) {
	c.problems = append(c.problems, problem{attr: attr, code: code, reason: reason, advice: advice})
}

func (c *call) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// rename gives an attribute another name.
func (c *call) rename(a *attr, to string) {
	if a.name != to {
		c.replace(a.expr.LHS, to)
	}
}

// set replaces the value of an attribute.
func (c *call) set(a *attr, value string) { c.replace(a.value, value) }

// replace writes other text in place of an expression.
func (c *call) replace(x build.Expr, text string) { c.edits.Replace(x, text) }

// take returns the text of an expression after the call's edits, which it removes: the text goes into a larger edit.
func (c *call) take(x build.Expr) (text string) {
	text, c.edits = c.edits.Take(c.file.text, x)
	return text
}

// drop removes an attribute.
func (c *call) drop(a *attr) { c.dropped = append(c.dropped, a.index) }

// addText puts an attribute behind the name.
func (c *call) addText(name, value string) {
	start, end := edit.Span(c.attr("name").expr)
	blanks, lines := c.file.text.Indent(start)
	separator := " "
	if lines {
		separator = "\n" + blanks
	}
	c.edits.Insert(end, ","+separator+name+" = "+value)
}

// freeName returns the text of a name for a target that belongs to this one. It is no other target's name.
func (c *call) freeName(suffix string) string {
	a := c.attr("name")
	s, literal := a.value.(*build.StringExpr)
	for n := 1; ; n++ {
		end := suffix
		if n > 1 {
			end += strconv.Itoa(n)
		}
		name := fmt.Sprintf("%q", end)
		if literal {
			name = fmt.Sprintf("%q", s.Value+end)
		} else {
			name = operand(a.value, c.file.source(a.value)) + " + " + name
		}
		made, known := pattern(a.value)
		if !known {
			made = c.file.source(a.value)
		}
		if made += end; !c.file.taken[made] {
			c.file.taken[made] = true
			return name
		}
	}
}

// operand returns the text of an expression as an operand of +.
func operand(x build.Expr, text string) string {
	switch x.(type) {
	case *build.ConditionalExpr, *build.LambdaExpr:
		return "(" + text + ")"
	}
	return text
}

// ref returns the label of a target in this file whose name has this text.
func (c *call) ref(name string) string {
	if name[0] == '"' && c.scope == nil {
		return `":` + name[1:]
	}
	return name
}
