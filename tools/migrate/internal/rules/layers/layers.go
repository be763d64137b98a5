// Package layers turns files that other rulesets put into a directory into those of an image_layer.
package layers

import (
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Rewrite gives a call other settings in place of those that describe its layer. names has the attributes with these, and
// the names of ours, if any.
func Rewrite(c *model.Call, names map[string]string, own model.Settings) {
	rest := maps.Clone(own)
	for i := range c.Attrs {
		a := &c.Attrs[i]
		to, ok := names[a.Name]
		if !ok {
			continue
		}
		text, ok := rest[to]
		if !ok {
			c.Drop(a)
			continue
		}
		c.Rename(a, to)
		c.Set(a, text)
		delete(rest, to)
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		c.AddText(name, rest[name])
	}
}

// Modes returns the attribute modes for files that all have the same mode.
func Modes(paths map[string]string, mode string) string {
	all := map[string]string{}
	for at := range paths {
		if strings.HasSuffix(at, "/") {
			at += "**"
		}
		all[at] = mode
	}
	return format.Dict(all)
}
