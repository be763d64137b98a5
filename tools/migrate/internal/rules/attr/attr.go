// Package attr has the actions in the tables of rulesets, which translate attributes.
package attr

import (
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Keep takes an attribute over, under the name to.
func Keep(to string) model.Action { return func(c *model.Call, a *model.Attr) { c.Rename(a, to) } }

// Drop removes an attribute that has no effect on the result, or whose effect is the default here.
func Drop(why string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		c.Drop(a)
		if why != "" {
			c.Note("%s is gone: %s", a.Name, why)
		}
	}
}

// Refuse leaves the call as it is if it has the attribute.
func Refuse(code, reason, advice string) model.Action {
	return func(c *model.Call, a *model.Attr) { c.Refuse(a.Name, code, reason, advice) }
}

// Always drops an attribute with the value that always applies here.
func Always(value, reason string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		if c.File.Source(a.Value) == value {
			c.Drop(a)
			return
		}
		c.Refuse(a.Name, "no-counterpart", reason, "remove it, if the image works without it")
	}
}

// Platform takes architecture and the like over, or drops it if the image has a base, whose platform applies.
func Platform(to string) model.Action {
	return func(c *model.Call, a *model.Attr) {
		if c.Attr("base") != nil {
			Drop("the platform is that of the base")(c, a)
			return
		}
		c.Rename(a, to)
	}
}

// Later is the action of attributes that Finish reads.
var Later model.Action

// Merged returns the entries of all tables. The last one wins.
func Merged(tables ...map[string]model.Action) map[string]model.Action {
	all := map[string]model.Action{}
	for _, table := range tables {
		for name, do := range table {
			all[name] = do
		}
	}
	return all
}
