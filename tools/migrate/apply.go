package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// version is that of the rules_strata in a bazel_dep that is added.
const version = "0.1.0"

// change is a file with its new content.
type change struct {
	file *file
	text []byte
}

// translated reports whether a call will be one of ours.
func (c *call) translated() bool { return len(c.problems) == 0 && c.rule.to != "" }

// render returns the files that change, each with its new content.
func render(w *workspace, b *boundary, m *modules) ([]change, error) {
	for _, c := range w.calls() {
		if !c.translated() {
			c.made = nil // its translation, which is void
		}
	}
	b.bridge()
	for _, c := range w.calls() {
		if !c.translated() {
			continue
		}
		b.provideFiles(c)
		if c.rule.provide != nil {
			c.rule.provide(c)
		}
	}
	m.rewrite()
	for _, f := range w.files {
		f.rewrite()
	}
	m.fix()
	var changes []change
	for _, f := range w.files {
		if len(f.edits) == 0 {
			continue
		}
		text, err := edit.Apply(f.text, f.edits)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if _, err := parse(f.name, text, nil); err != nil {
			return nil, fmt.Errorf("the translation is not valid Starlark, please report it: %w", err)
		}
		changes = append(changes, change{f, text})
	}
	return changes, nil
}

// rewrite collects the edits of a file.
func (f *file) rewrite() {
	done := map[string]int{}
	for _, c := range f.calls {
		if c.rule != nil && c.translated() && !c.isTag() {
			done[c.kind()]++
			for _, name := range c.replaced {
				done[name]++
			}
			if c.absorbed != nil {
				done[c.absorbed.kind()]++
			}
		}
	}
	kept := map[string]bool{} // by adapters
	for _, c := range f.calls {
		for _, made := range c.made {
			if _, local := f.adapterModule(made.symbol); adapterModules[made.symbol] != "" {
				kept[local] = true
			}
		}
	}
	gone := map[string]bool{}
	f.released = gone
	for name, n := range done {
		gone[name] = f.uses[name] == n && !kept[name]
	}
	m := newImports(f)
	for _, load := range f.loads {
		for i, from := range load.From {
			local := load.To[i].Name
			r := f.rules[local]
			if r != nil && from.Name != local && gone[local] && strings.TrimLeft(local, "_") != from.Name {
				m.alias(r.to, local)
			}
		}
	}
	for _, c := range f.calls {
		if c.rule == nil || !c.translated() {
			f.insert(c, m) // a second pull, or an adapter for a call that stays
			continue
		}
		if !c.rule.goes {
			f.edits = append(f.edits, c.edits...)
			f.edits.RemoveArguments(f.text, c.expr, c.dropped...)
		}
		if c.absorbed != nil {
			f.edits.RemoveLines(f.text, c.absorbed.expr)
		}
		if c.isTag() {
			continue
		}
		if c.rule.goes {
			f.edits.RemoveLines(f.text, c.expr)
			continue
		}
		if !m.isAlias(c.kind()) {
			if local := m.local(c.rule.to); local != c.kind() {
				f.edits.Replace(c.expr.X, local)
			}
		}
		f.insert(c, m)
	}
	if len(done) > 0 || !m.isEmpty() {
		m.fixLoads(gone)
	}
}

// insert puts the new targets of a call in front of it and its comments.
func (f *file) insert(c *call, m *imports) {
	if len(c.made) == 0 {
		return
	}
	var statement build.Expr = c.expr
	if c.loop != nil {
		statement = c.loop
	}
	at, _ := edit.Span(statement)
	blanks, _ := f.text.Indent(at)
	for _, comment := range statement.Comment().Before {
		at = min(at, comment.Start.Byte)
	}
	at = f.text.LineStart(at)
	gap := "\n\n"
	if c.scope != nil {
		gap = "\n"
	}
	for _, made := range c.made {
		text := made.text
		switch symbol := made.symbol; {
		case f.isNative(symbol) && c.scope != nil:
			text = "native." + text
		case f.isNative(symbol):
		default:
			text = strings.Replace(text, symbol+"(", m.local(symbol)+"(", 1)
		}
		if c.loop != nil {
			text = f.repeated(text, c.loop)
		}
		f.edits.Insert(at, blanks+indented(text, blanks)+gap)
	}
}

// repeated returns a call as the element of a comprehension with the clauses of another.
func (f *file) repeated(text string, loop *build.Comprehension) string {
	start, _ := edit.Span(loop.Clauses[0])
	_, end := edit.Span(loop.Clauses[len(loop.Clauses)-1])
	clauses := string(f.text[start:end])
	if strings.Contains(clauses, "#") || strings.Contains(clauses, "\n") {
		var all []string
		for _, clause := range loop.Clauses {
			all = append(all, build.FormatString(clause))
		}
		clauses = strings.Join(all, "\n")
	}
	return "[\n    " + indented(text, "    ") + "\n    " + indented(clauses, "    ") + "\n]"
}

// isTag reports whether a call is a tag of a module extension, or the like: nothing loads its function.
func (c *call) isTag() bool {
	if c.file.tree.Type == build.TypeModule {
		return true
	}
	_, ok := c.expr.X.(*build.DotExpr)
	return ok
}

// write replaces the files, MODULE.bazel last.
func write(root string, changes []change) error {
	for _, module := range []bool{false, true} {
		for _, c := range changes {
			if (c.file.tree.Type == build.TypeModule) != module {
				continue
			}
			if err := replace(root, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace writes a file next to the old one, and renames it. A symlink that has taken the place of the file or of one of its
// directories is not followed.
func replace(dir string, c change) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.FromSlash(c.file.name)
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: the file is not a regular file any more", c.file.name)
	}
	temporary := name + ".migrate.tmp"
	out, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = out.Write(c.text)
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = root.Chmod(temporary, info.Mode().Perm())
	}
	if err == nil {
		err = root.Rename(temporary, name)
	}
	if err != nil {
		_ = root.Remove(temporary)
	}
	return err
}
