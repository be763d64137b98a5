package attr

import (
	"fmt"
	"regexp"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Listed takes an attribute over that may also be the label of a file in the other ruleset. fileTo is our attribute for
// the file, if there is one.
func Listed(to, fileTo string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		kind := flow.Kind(c, a.Value)
		switch {
		case kind == "list":
			c.Rename(a, to)
		case kind == "string" && fileTo != "":
			c.Rename(a, fileTo)
		case kind == "string":
			c.Refuse(a.Name, "file", "the value comes from a file", "write the value in the BUILD file")
		case fileTo != "" && c.Scope != nil && c.Attr("name") != nil && !computes.MatchString(c.File.Source(a.Value)):
			either(c, a, to, fileTo)
		default:
			c.Refuse(a.Name, "unknown-type", "the value may be a list or the label of a file", "write a list, or a select of lists")
		}
	}
}

// Inherited takes a command over. An empty one, which removes that of the base, becomes an entry of clear.
func Inherited(c *model.Call, a *model.Attr) {
	if list, ok := a.Value.(*build.ListExpr); ok && len(list.List) == 0 && c.Attr("base") != nil {
		c.Drop(a)
		c.Clear(a.Name)
		if c.Rule.Ruleset == "rules_oci" && a.Name == "entrypoint" && c.Attr("cmd") == nil {
			c.Clear("cmd") // an entrypoint removes the base's arguments
		}
		return
	}
	Listed(a.Name, a.Name+"_file")(c, a)
}

// computes matches expressions that cannot be written twice, or whose type says nothing.
var computes = regexp.MustCompile(`select\(|\.pop\(`)

// either takes a value of a macro over that is a list for some callers, and the label of a file for others.
func either(c *model.Call, a *model.Attr, to, fileTo string) {
	value := format.Operand(a.Value, c.File.Source(a.Value))
	isFile := fmt.Sprintf("type(%s) in [\"string\", \"Label\"]", c.File.Source(a.Value))
	c.Rename(a, to)
	c.Set(a, "None if "+isFile+" else "+value)
	c.AddText(fileTo, value+" if "+isFile+" else None")
}

// Label takes an attribute over that names one target.
func Label(to string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		c.Rename(a, to)
		for _, value := range expr.Values(a.Value) {
			if !expr.IsNone(value) {
				c.Need(a.Name, value)
			}
		}
	}
}

// Labels takes an attribute over that names several targets.
func Labels(to string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		c.Rename(a, to)
		all, complete := expr.Items(a.Value)
		if !complete && c.Scope == nil {
			if name, ok := a.Value.(*build.Ident); ok && c.File.Values[name.Name] != nil {
				all, complete = expr.Items(c.File.Values[name.Name])
			}
		}
		// In a macro, a variable has the targets of the macro itself, and those of its callers.
		if !complete && c.Scope == nil {
			c.Refuse(a.Name, "unknown-labels", "the list of targets is not written in this call", "write the list in the call")
			return
		}
		for _, value := range all {
			c.Need(a.Name, value)
		}
	}
}
