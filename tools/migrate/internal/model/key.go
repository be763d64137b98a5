package model

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// Target returns the key of the target that a call declares: its label in a BUILD file, or its name's text in a macro.
func (c *Call) Target() (string, bool) {
	a := c.Attr("name")
	if a == nil {
		return "", false
	}
	return c.Key(a.Value)
}

// Key returns the key of the target that a value refers to. In a macro, names are expressions; two of the same text are the
// same name.
func (c *Call) Key(value build.Expr) (string, bool) {
	if inner := expr.Constructed(value); inner != nil {
		value = inner
	}
	s, literal := value.(*build.StringExpr)
	switch {
	case literal && IsExternal(s.Value):
		return s.Value, true
	case literal && c.Scope != nil && !strings.HasPrefix(s.Value, "//"):
		return c.ScopeKey(strings.TrimPrefix(s.Value, ":")), true
	case literal:
		return c.File.Label(s.Value), true
	case !expr.IsText(value):
		return "", false
	}
	text, known := pattern.Of(value)
	if !known {
		text = build.FormatString(value)
	}
	return c.ScopeKey(strings.TrimPrefix(text, ":")), true
}

// ScopeKey returns the key of the target of a macro whose name has a text.
func (c *Call) ScopeKey(text string) string {
	scope := ""
	if c.Scope != nil {
		scope = c.Scope.Name
	}
	return c.File.Name + "#" + scope + "#" + text
}
