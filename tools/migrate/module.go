package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// modules is what MODULE.bazel files declare that concerns images.
type modules struct {
	w          *workspace
	extensions []*extension
	repoRules  []*repoRule
}

// findModules finds the images that MODULE.bazel files pull, and makes the tags calls of rules.
func findModules(w *workspace) *modules {
	m := &modules{w: w}
	for _, f := range w.files {
		if f.tree.Type != build.TypeModule {
			continue
		}
		if e := f.findExtension(); e != nil {
			m.extensions = append(m.extensions, e)
		}
		if e := f.findRepoRule(); e != nil {
			m.repoRules = append(m.repoRules, e)
		}
	}
	return m
}

// rewrite makes tags those of our extension.
func (m *modules) rewrite() {
	for _, e := range m.extensions {
		e.rewrite()
	}
	for _, e := range m.repoRules {
		e.rewrite()
	}
	m.copies()
}

// fix declares the dependency on rules_strata, and removes that on a ruleset if nothing loads it any more.
func (m *modules) fix() {
	w := m.w
	any, left := false, map[string]bool{}
	for _, f := range w.files {
		any = any || len(f.edits) > 0
		for _, load := range f.loads {
			for i := range load.From {
				r := f.rules[load.To[i].Name]
				if r != nil && !f.released[load.To[i].Name] {
					left[r.ruleset] = true
				}
			}
			if ruleset := rulesetOf(load.Module.Value); ruleset != "" && len(f.rulesOf(load)) == 0 {
				left[ruleset] = true
			}
		}
		for _, c := range f.calls {
			for _, made := range c.made {
				if module := adapterModules[made.symbol]; module != "" {
					left[rulesetOf(module)] = true
				}
			}
		}
	}
	for _, f := range w.files {
		f.labelsOf(left)
	}
	for _, e := range m.extensions {
		if len(e.pulls) == 0 || slices.ContainsFunc(e.pulls, func(c *call) bool { return !c.translated() }) {
			left["rules_oci"] = true
		}
	}
	for _, e := range m.repoRules {
		if slices.ContainsFunc(e.pulls, func(c *call) bool { return !c.translated() }) {
			left["rules_img"] = true
		}
	}
	if !any {
		return
	}
	found := false
	for _, f := range w.files {
		switch {
		case f.name == "MODULE.bazel":
			found = true
			f.fixDependencies(left)
		case f.tree.Type == build.TypeWorkspace:
			if !strings.Contains(string(f.text), "rules_strata_dependencies") {
				w.setup = append(w.setup, f.name+": declare rules_strata above its first use, as in docs/rules.md")
			}
		}
	}
	if !found && len(w.setup) == 0 {
		w.setup = append(w.setup, fmt.Sprintf("MODULE.bazel: add bazel_dep(name = \"rules_strata\", version = %q)", version))
	}
}

// labelsOf notes the rulesets that labels in the file name, other than those that it loads.
func (f *file) labelsOf(left map[string]bool) {
	if f.tree.Type == build.TypeModule || f.tree.Type == build.TypeWorkspace {
		return
	}
	build.Walk(f.tree, func(x build.Expr, stack []build.Expr) {
		s, ok := x.(*build.StringExpr)
		if !ok || !isExternal(s.Value) || isLoad(stack) {
			return
		}
		if ruleset := rulesetOf(s.Value); ruleset != "" {
			left[ruleset] = true
		}
	})
}

func (f *file) rulesOf(load *build.LoadStmt) []*rule {
	var all []*rule
	for _, to := range load.To {
		if r := f.rules[to.Name]; r != nil {
			all = append(all, r)
		}
	}
	return all
}

// fixDependencies edits the bazel_dep calls of MODULE.bazel.
func (f *file) fixDependencies(left map[string]bool) {
	var other, last *call
	declared := slices.ContainsFunc(f.calls, func(c *call) bool {
		name, _ := c.text("name")
		return c.kind() == "bazel_dep" && name == "rules_strata"
	})
	for _, c := range f.calls {
		if c.kind() != "bazel_dep" {
			continue
		}
		last = c
		switch name, _ := c.text("name"); {
		case rulesetOf(name) == "rules_oci" || rulesetOf(name) == "rules_img":
			other = c
			if left[rulesetOf(name)] {
				continue
			}
			if declared {
				f.edits.RemoveLines(f.text, c.expr)
				continue
			}
			f.edits.Replace(c.expr, fmt.Sprintf("bazel_dep(name = \"rules_strata\", version = %q)", version))
			return
		}
	}
	if declared {
		return
	}
	if other == nil {
		other = last
	}
	at := len(f.text)
	if other != nil {
		_, at = edit.Span(other.expr)
		at = f.text.NextLine(at)
	}
	f.edits.Insert(at, fmt.Sprintf("bazel_dep(name = \"rules_strata\", version = %q)\n", version))
}
