// Package render writes a plan into the files.
package render

import (
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/change"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/loads"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/modules"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
)

// Changes returns the files that change, each with its new content.
func Changes(w *model.Workspace, b *boundary.Boundary, m *modules.Modules) ([]change.Change, error) {
	for _, c := range w.Calls() {
		if !c.Translated() {
			c.Made = nil // its translation, which is void
		}
	}
	b.Bridge()
	for _, c := range w.Calls() {
		if !c.Translated() {
			continue
		}
		b.ProvideFiles(c)
		if c.Rule.Provide != nil {
			c.Rule.Provide(c)
		}
	}
	m.Rewrite()
	for _, f := range w.Files {
		rewrite(f)
	}
	m.Fix()
	var changes []change.Change
	for _, f := range w.Files {
		if len(f.Edits) == 0 {
			continue
		}
		text, err := edit.Apply(f.Text, f.Edits)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if _, err := model.Parse(f.Name, text, nil); err != nil {
			return nil, fmt.Errorf("the translation is not valid Starlark, please report it: %w", err)
		}
		changes = append(changes, change.Change{File: f, Text: text})
	}
	return changes, nil
}

// rewrite collects the edits of a file.
func rewrite(f *model.File) {
	done := map[string]int{}
	for _, c := range f.Calls {
		if c.Rule != nil && c.Translated() && !c.IsTag() {
			done[c.Kind()]++
			for _, name := range c.Replaced {
				done[name]++
			}
			if c.Absorbed != nil {
				done[c.Absorbed.Kind()]++
			}
		}
	}
	kept := map[string]bool{} // by adapters
	for _, c := range f.Calls {
		for _, made := range c.Made {
			if _, local := loads.Adapter(f, made.Symbol); loads.Adapters[made.Symbol] != "" {
				kept[local] = true
			}
		}
	}
	gone := map[string]bool{}
	f.Released = gone
	for name, n := range done {
		gone[name] = f.Uses[name] == n && !kept[name]
	}
	m := loads.New(f)
	for _, load := range f.Loads {
		for i, from := range load.From {
			local := load.To[i].Name
			r := f.Rules[local]
			if r != nil && from.Name != local && gone[local] && strings.TrimLeft(local, "_") != from.Name {
				m.Alias(r.To, local)
			}
		}
	}
	for _, c := range f.Calls {
		if c.Rule == nil || !c.Translated() {
			insert(f, c, m) // a second pull, or an adapter for a call that stays
			continue
		}
		if !c.Rule.Goes {
			f.Edits = append(f.Edits, c.Edits...)
			f.Edits.RemoveArguments(f.Text, c.Expr, c.Dropped...)
		}
		if c.Absorbed != nil {
			f.Edits.RemoveLines(f.Text, c.Absorbed.Expr)
		}
		if c.IsTag() {
			continue
		}
		if c.Rule.Goes {
			f.Edits.RemoveLines(f.Text, c.Expr)
			continue
		}
		if !m.IsAlias(c.Kind()) {
			if local := m.Local(c.Rule.To); local != c.Kind() {
				f.Edits.Replace(c.Expr.X, local)
			}
		}
		insert(f, c, m)
	}
	if len(done) > 0 || !m.IsEmpty() {
		m.FixLoads(gone)
	}
}

// insert puts the new targets of a call in front of it and its comments.
func insert(f *model.File, c *model.Call, m *loads.Imports) {
	if len(c.Made) == 0 {
		return
	}
	var statement build.Expr = c.Expr
	if c.Loop != nil {
		statement = c.Loop
	}
	at, _ := edit.Span(statement)
	blanks, _ := f.Text.Indent(at)
	for _, comment := range statement.Comment().Before {
		at = min(at, comment.Start.Byte)
	}
	at = f.Text.LineStart(at)
	gap := "\n\n"
	if c.Scope != nil {
		gap = "\n"
	}
	for _, made := range c.Made {
		text := made.Text
		switch symbol := made.Symbol; {
		case loads.IsNative(f, symbol) && c.Scope != nil:
			text = "native." + text
		case loads.IsNative(f, symbol):
		default:
			text = strings.Replace(text, symbol+"(", m.Local(symbol)+"(", 1)
		}
		if c.Loop != nil {
			text = repeated(f, text, c.Loop)
		}
		f.Edits.Insert(at, blanks+format.Indented(text, blanks)+gap)
	}
}

// repeated returns a call as the element of a comprehension with the clauses of another.
func repeated(f *model.File, text string, loop *build.Comprehension) string {
	start, _ := edit.Span(loop.Clauses[0])
	_, end := edit.Span(loop.Clauses[len(loop.Clauses)-1])
	clauses := string(f.Text[start:end])
	if strings.Contains(clauses, "#") || strings.Contains(clauses, "\n") {
		var all []string
		for _, clause := range loop.Clauses {
			all = append(all, build.FormatString(clause))
		}
		clauses = strings.Join(all, "\n")
	}
	return "[\n    " + format.Indented(text, "    ") + "\n    " + format.Indented(clauses, "    ") + "\n]"
}
