// Package modules rewrites MODULE.bazel files: the images that they pull, and their dependencies.
package modules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/loads"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// Modules is what MODULE.bazel files declare that concerns images.
type Modules struct {
	w          *model.Workspace
	extensions []*extension
	repoRules  []*repoRule
}

// Find finds the images that MODULE.bazel files pull, and makes the tags calls of rules.
func Find(w *model.Workspace) *Modules {
	m := &Modules{w: w}
	for _, f := range w.Files {
		if f.Tree.Type != build.TypeModule {
			continue
		}
		if e := findExtension(f); e != nil {
			m.extensions = append(m.extensions, e)
		}
		if e := findRepoRule(f); e != nil {
			m.repoRules = append(m.repoRules, e)
		}
	}
	return m
}

// Rewrite makes tags those of our extension.
func (m *Modules) Rewrite() {
	for _, e := range m.extensions {
		e.rewrite()
	}
	for _, e := range m.repoRules {
		e.rewrite()
	}
	m.copies()
}

// Fix declares the dependency on rules_strata, and removes that on a ruleset if nothing loads it any more.
func (m *Modules) Fix() {
	w := m.w
	any, left := false, map[string]bool{}
	for _, f := range w.Files {
		any = any || len(f.Edits) > 0
		for _, load := range f.Loads {
			for i := range load.From {
				r := f.Rules[load.To[i].Name]
				if r != nil && !f.Released[load.To[i].Name] {
					left[r.Ruleset] = true
				}
			}
			if ruleset := model.RulesetOf(load.Module.Value); ruleset != "" && len(rulesOf(f, load)) == 0 {
				left[ruleset] = true
			}
		}
		for _, c := range f.Calls {
			for _, made := range c.Made {
				if module := loads.Adapters[made.Symbol]; module != "" {
					left[model.RulesetOf(module)] = true
				}
			}
		}
	}
	for _, f := range w.Files {
		labelsOf(f, left)
	}
	for _, e := range m.extensions {
		if len(e.pulls) == 0 || slices.ContainsFunc(e.pulls, func(c *model.Call) bool { return !c.Translated() }) {
			left["rules_oci"] = true
		}
	}
	for _, e := range m.repoRules {
		if slices.ContainsFunc(e.pulls, func(c *model.Call) bool { return !c.Translated() }) {
			left["rules_img"] = true
		}
	}
	if !any {
		return
	}
	found := false
	for _, f := range w.Files {
		switch {
		case f.Name == "MODULE.bazel":
			found = true
			fixDependencies(f, left)
		case f.Tree.Type == build.TypeWorkspace:
			if !strings.Contains(string(f.Text), "rules_strata_dependencies") {
				w.Setup = append(w.Setup, f.Name+": declare rules_strata above its first use, as in docs/rules.md")
			}
		}
	}
	if !found && len(w.Setup) == 0 {
		w.Setup = append(w.Setup, fmt.Sprintf("MODULE.bazel: add bazel_dep(name = \"rules_strata\", version = %q)", version))
	}
}

// labelsOf notes the rulesets that labels in the file name, other than those that it loads.
func labelsOf(f *model.File, left map[string]bool) {
	if f.Tree.Type == build.TypeModule || f.Tree.Type == build.TypeWorkspace {
		return
	}
	build.Walk(f.Tree, func(x build.Expr, stack []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok || !model.IsExternal(s.Value) || expr.IsLoad(stack) {
			return
		}
		if ruleset := model.RulesetOf(s.Value); ruleset != "" {
			left[ruleset] = true
		}
	})
}

func rulesOf(f *model.File, load *build.LoadStmt) []*model.Rule {
	var all []*model.Rule
	for _, to := range load.To {
		if r := f.Rules[to.Name]; r != nil {
			all = append(all, r)
		}
	}
	return all
}

// fixDependencies edits the bazel_dep calls of MODULE.bazel.
func fixDependencies(f *model.File, left map[string]bool) {
	var other, last *model.Call
	declared := slices.ContainsFunc(f.Calls, func(c *model.Call) bool {
		name, _ := c.Text("name")
		return c.Kind() == "bazel_dep" && name == "rules_strata"
	})
	for _, c := range f.Calls {
		if c.Kind() != "bazel_dep" {
			continue
		}
		last = c
		switch name, _ := c.Text("name"); {
		case model.RulesetOf(name) == "rules_oci" || model.RulesetOf(name) == "rules_img":
			other = c
			if left[model.RulesetOf(name)] {
				continue
			}
			if declared {
				f.Edits.RemoveLines(f.Text, c.Expr)
				continue
			}
			f.Edits.Replace(c.Expr, fmt.Sprintf("bazel_dep(name = \"rules_strata\", version = %q)", version))
			return
		}
	}
	if declared {
		return
	}
	if other == nil {
		other = last
	}
	at := len(f.Text)
	if other != nil {
		_, at = edit.Span(other.Expr)
		at = f.Text.NextLine(at)
	}
	f.Edits.Insert(at, fmt.Sprintf("bazel_dep(name = \"rules_strata\", version = %q)\n", version))
}

// version is that of the rules_strata in a bazel_dep that is added.
const version = "0.1.0"
