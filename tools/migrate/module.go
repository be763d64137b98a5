package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// fixModule declares the dependency on rules_strata, and removes that on rules_oci if nothing loads it any more.
func (w *workspace) fixModule() {
	any, left := false, maps.Clone(w.adapted)
	for _, f := range w.files {
		any = any || len(f.edits) > 0
		for _, load := range f.loads {
			for i := range load.From {
				r := f.rules[load.To[i].Name]
				if r != nil && !f.released[load.To[i].Name] {
					left[r.ruleset] = true
				}
			}
			if repository, _, ok := strings.Cut(strings.TrimLeft(load.Module.Value, "@"), "//"); ok && repositories[repository] != "" && len(f.rulesOf(load)) == 0 {
				left[repositories[repository]] = true
			}
		}
	}
	for _, f := range w.files {
		f.labelsOf(left)
	}
	for _, e := range w.extensions {
		if len(e.pulls) == 0 || slices.ContainsFunc(e.pulls, func(c *call) bool { return !c.translated() }) {
			left["rules_oci"] = true
		}
	}
	for _, e := range w.repoRules {
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
		if repository, _, ok := strings.Cut(strings.TrimLeft(s.Value, "@"), "//"); ok && repositories[repository] != "" {
			left[repositories[repository]] = true
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
		case repositories[name] == "rules_oci" || repositories[name] == "rules_img":
			other = c
			if left[repositories[name]] {
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
