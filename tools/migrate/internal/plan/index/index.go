// Package index finds the targets that the calls of a workspace declare.
package index

import (
	"slices"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/outputs"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// Targets finds the targets.
func Targets(w *model.Workspace) {
	findAdapters(w)
	for _, f := range w.Files {
		for _, c := range f.Calls {
			name := c.Attr("name")
			if name == nil {
				continue
			}
			if text, ok := pattern.Of(name.Value); ok {
				f.Taken[text] = true
			}
			literal, _ := c.Text("name")
			if literal != "" && f.IsBuild() && c.Rule == nil {
				w.Declared[f.Label(literal)] = c
			}
			if c.Kind() == "http_file" {
				w.Repositories[literal] = c
			}
			switch {
			case c.Rule != nil && c.Rule.Role == model.Pull && literal == "":
				w.Pulls = append(w.Pulls, c)
			case c.Rule != nil && c.Rule.Role == model.Pull:
				w.Targets["@"+literal] = c
			case c.Rule != nil:
				if key, ok := c.Target(); ok {
					w.Targets[key] = c
				}
			case literal != "" && f.IsBuild() && slices.Contains(outputs.SingleFile, c.Kind()) && c.Attr("basename") == nil && c.Attr("out") == nil && c.Attr("binary_name") == nil:
				w.Programs[f.Label(literal)] = true
			case literal != "" && f.IsBuild() && c.Kind() == "genrule":
				if outs := c.Attr("outs"); outs != nil {
					for _, out := range expr.Strings(outs.Value) {
						w.Programs[f.Label(out)] = true
					}
				}
			}
		}
	}
	indexAliases(w)
}

// indexAliases makes the names of targets that only forward others, like an alias, those of their targets.
func indexAliases(w *model.Workspace) {
	for found := true; found; {
		found = false
		for _, f := range w.Files {
			for _, c := range f.Calls {
				name, forwarded := c.Attr("name"), c.Forwards()
				if len(forwarded) == 0 || name == nil {
					continue
				}
				key, ok := c.Key(name.Value)
				if !ok || w.Targets[key] != nil {
					continue
				}
				w.Computed[key] = c
				for _, value := range forwarded {
					if to, ok := c.Key(value); ok && w.Targets[to] != nil {
						w.Targets[key], found = w.Targets[to], true
						w.Aliases[key] = append(w.Aliases[key], w.Targets[to])
					}
				}
			}
		}
	}
}
