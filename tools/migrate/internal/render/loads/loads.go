// Package loads rewrites the load statements of a file.
package loads

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// ourFiles has the files to load names from, other than defs.bzl.
var ourFiles = map[string]string{
	"images_pull":   "@rules_strata//rules:repositories.bzl",
	"go_binary":     "@rules_go//go:def.bzl",
	"cc_binary":     "@rules_cc//cc:cc_binary.bzl",
	"java_binary":   "@rules_java//java:java_binary.bzl",
	"py_binary":     "@rules_python//python:py_binary.bzl",
	"rust_binary":   "@rules_rust//rust:defs.bzl",
	"scala_binary":  "@rules_scala//scala:scala.bzl",
	"kt_jvm_binary": "@rules_kotlin//kotlin:jvm.bzl",
	"nodejs_binary": "@build_bazel_rules_nodejs//:index.bzl",
}

// ruleKinds are the rules that a language's only file has beside the one for programs.
var ruleKinds = []string{"library", "test"}

// IsNative reports whether Bazel itself has a rule, as far as the workspace shows it: some file calls it without a load.
func IsNative(f *model.File, symbol string) bool {
	if symbol == "filegroup" || symbol == "alias" {
		return true
	}
	if ourFiles[symbol] == "" {
		return false
	}
	native := false
	for _, other := range f.Workspace.Files {
		if other.Bound[symbol] {
			return false
		}
		native = native || other.Uses[symbol] > 0 && other.IsBuild()
	}
	return native
}

const defs = "@rules_strata//rules:defs.bzl"

// Imports is what a file loads of ours after the translation.
type Imports struct {
	file *model.File
	// names maps local names to ours, by the file that has them.
	names map[string]map[string]string
	// aliases has the local names that the file's author chose.
	aliases map[string]bool
}

// New returns the imports of a file, which are none yet.
func New(f *model.File) *Imports {
	return &Imports{file: f, names: map[string]map[string]string{}, aliases: map[string]bool{}}
}

// IsEmpty reports whether the file loads none of ours.
func (m *Imports) IsEmpty() bool { return len(m.names) == 0 }

// module returns the file that has a name: for those of other rulesets, the one that other files of the workspace load it
// from.
func (m *Imports) module(symbol string) string {
	from := ourFiles[symbol]
	switch {
	case Adapters[symbol] != "":
		module, _ := Adapter(m.file, symbol)
		return module
	case from == "":
		return defs
	case strings.HasPrefix(from, "@rules_strata//"):
		return from
	}
	language, _, _ := strings.Cut(symbol, "_")
	for _, f := range append([]*model.File{m.file}, m.file.Workspace.Files...) {
		for _, load := range f.Loads {
			for _, name := range load.From {
				whole := strings.HasSuffix(load.Module.Value, ":def.bzl") || strings.HasSuffix(load.Module.Value, ":defs.bzl")
				if strings.HasPrefix(load.Module.Value, "@") && (name.Name == symbol || whole && slices.Contains(ruleKinds, strings.TrimPrefix(name.Name, language+"_"))) {
					return load.Module.Value
				}
			}
		}
	}
	return from
}

// Local returns the local name of one of ours, which the file will load.
func (m *Imports) Local(symbol string) string {
	if _, local := Adapter(m.file, symbol); local != "" {
		return local
	}
	from := m.module(symbol)
	for local, known := range m.names[from] {
		if known == symbol && !m.aliases[local] {
			return local
		}
	}
	for _, load := range m.file.Loads {
		for i, name := range load.From {
			if load.Module.Value == from && name.Name == symbol {
				return load.To[i].Name
			}
		}
	}
	local := symbol
	for m.file.Bound[local] && !m.file.Released[local] {
		local = "strata_" + local
	}
	m.add(symbol, local)
	return local
}

// Alias makes a local name that another ruleset's rule had the name of ours.
func (m *Imports) Alias(symbol, local string) {
	m.add(symbol, local)
	m.aliases[local] = true
}

// IsAlias reports whether Alias made a local name.
func (m *Imports) IsAlias(local string) bool { return m.aliases[local] }

func (m *Imports) add(symbol, local string) {
	from := m.module(symbol)
	if m.names[from] == nil {
		m.names[from] = map[string]string{}
	}
	m.names[from][local] = symbol
}

// FixLoads removes names that nothing uses any more, and loads ours: in a load of the same file, in the place of a load that
// goes, or behind all loads.
func (m *Imports) FixLoads(gone map[string]bool) {
	f := m.file
	fixed := map[*build.LoadStmt]bool{}
	for _, load := range f.Loads {
		if names := m.names[load.Module.Value]; names != nil {
			fixed[load] = true
			m.fixLoad(load, gone, names)
			delete(m.names, load.Module.Value)
		}
	}
	var statements []string
	for _, module := range slices.Sorted(maps.Keys(m.names)) {
		statements = append(statements, loadText(module, m.names[module]))
	}
	text := strings.Join(statements, "\n")
	for _, load := range f.Loads {
		if strings.HasPrefix(load.Module.Value, "@rules_strata//") || !slices.ContainsFunc(load.To, func(to *build.Ident) bool { return gone[to.Name] }) {
			continue
		}
		start, end := edit.Span(load)
		switch {
		case fixed[load], slices.ContainsFunc(load.To, func(to *build.Ident) bool { return !gone[to.Name] }):
			if !fixed[load] {
				m.fixLoad(load, gone, nil)
			}
			if text != "" {
				f.Edits.Insert(f.Text.LineStart(start), text+"\n")
			}
		case text != "":
			f.Edits.Replace(load, text)
		case f.Text.SkipBlanks(end) < len(f.Text) && f.Text[f.Text.SkipBlanks(end)] == '#':
			f.Edits.Add(start, f.Text.SkipBlanks(end), "")
		default:
			f.Edits.RemoveLines(f.Text, load)
		}
		text = ""
	}
	if text == "" {
		return
	}
	at := 0
	if n := len(f.Loads); n > 0 {
		_, at = edit.Span(f.Loads[n-1])
		at = f.Text.NextLine(at)
	}
	f.Edits.InsertFirst(at, text+"\n")
}

// fixLoad writes a load without names that are gone, and with others.
func (m *Imports) fixLoad(load *build.LoadStmt, gone map[string]bool, added map[string]string) {
	before, after := map[string]string{}, map[string]string{}
	for i, from := range load.From {
		before[load.To[i].Name] = from.Name
		if !gone[load.To[i].Name] {
			after[load.To[i].Name] = from.Name
		}
	}
	maps.Copy(after, added)
	if maps.Equal(before, after) {
		return
	}
	text := loadText(load.Module.Value, after)
	if load.Load.Line != load.Rparen.Pos.Line {
		text = loadLines(load.Module.Value, after)
	}
	m.file.Edits.Replace(load, comments(m.file, load)+text)
}

// comments returns the comments inside of a load, which go in front of it when it is written again.
func comments(f *model.File, load *build.LoadStmt) string {
	if !strings.Contains(f.Source(load), "#") {
		return ""
	}
	var all []build.Comment
	add := func(c *build.Comments) { all = append(append(all, c.Before...), c.Suffix...) }
	add(load.Module.Comment())
	for i := range load.From {
		add(load.From[i].Comment())
		if load.To[i] != load.From[i] {
			add(load.To[i].Comment())
		}
	}
	all = append(all, load.Rparen.Before...)
	text := ""
	for _, c := range all {
		text += c.Token + "\n"
	}
	return text
}

// loadNames returns the arguments of a load of names, by their local names, in buildifier's order.
func loadNames(names map[string]string) []string {
	var all []string
	for local, symbol := range names {
		if symbol == local {
			all = append(all, fmt.Sprintf("%q", symbol))
		} else {
			all = append(all, fmt.Sprintf("%s = %q", local, symbol))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		// As buildifier sorts them: first names as they are, then others.
		if x, y := a[0] == '"', b[0] == '"'; x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return all
}

func loadText(module string, names map[string]string) string {
	return fmt.Sprintf("load(%q, %s)", module, strings.Join(loadNames(names), ", "))
}

func loadLines(module string, names map[string]string) string {
	return fmt.Sprintf("load(\n    %q,\n    %s,\n)", module, strings.Join(loadNames(names), ",\n    "))
}
