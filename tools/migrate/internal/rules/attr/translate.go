package attr

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Translate runs the actions of a call's rule.
func Translate(c *model.Call) {
	if c.Rule.Variant != nil {
		if r := c.Rule.Variant(c); r != nil {
			c.Rule = r
		}
	}
	if c.Rule.Stays() {
		if a := c.Attr("image"); a != nil {
			if _, literal := a.Value.(*build.StringExpr); c.Scope != nil || !literal { // labels are found as those of other rules
				c.Need("image", a.Value)
			}
		}
		c.Problems = nil // it stays, whatever its attributes
		return
	}
	if c.Rule.To == "" {
		if c.Rule.Role != model.Archive {
			c.Refuse("", "no-counterpart", "rules_strata has no counterpart of this rule", c.Rule.Advice)
		}
		return
	}
	if c.Attr("name") == nil && len(c.Problems) == 0 {
		c.Refuse("name", "no-name", "the call has no name", "set the attribute name")
	}
	for i := range c.Attrs {
		a := &c.Attrs[i]
		switch do, ok := c.Rule.Attrs[a.Name]; {
		case slices.Contains(model.Common, a.Name), c.Rule.Role == model.Test && slices.Contains(model.CommonTest, a.Name):
		case !ok && c.Rule.Open:
		case !ok && expr.IsNone(a.Value):
			c.Drop(a)
		case !ok:
			c.Refuse(a.Name, "no-counterpart", "the attribute has no counterpart", "remove it, if the image works without it; docs/migrate.md lists alternatives")
		case expr.IsNone(a.Value) && c.Scope == nil:
			c.Drop(a)
		case do != nil:
			do(c, a)
		}
	}
	if len(c.Cleared) > 0 && len(c.Problems) == 0 {
		c.AddText("clear", "["+strings.Join(c.Cleared, ", ")+"]")
	}
	if c.Rule.Finish != nil && len(c.Problems) == 0 {
		c.Rule.Finish(c, nil)
	}
}
