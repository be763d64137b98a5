// Gen writes the reference of the public rules and providers, in Markdown, from the doc strings in the Starlark files.
//
// Usage: go run . DIRECTORY, where DIRECTORY is rules/private. The result goes to standard output. What has no doc string is
// an error: an undocumented attribute does not pass.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// rules and providers are the public names, in the order in which a reader meets them.
var (
	rules = []string{
		"image_layer", "layered_binary", "image_import", "image", "image_index", "image_archive", "image_load",
		"image_push", "image_pushes", "image_test", "image_toolchain",
	}
	providers = []string{"LayerInfo", "LayersInfo", "ImageInfo", "IndexInfo", "PushInfo", "PushesInfo"}
)

const header = `# Rules and providers

This page is generated from the doc strings in rules/private; "go run -C dev/docgen . ../../rules/private > docs/rules.md" writes it anew.

    load("@rules_strata//rules:defs.bzl", "image", "image_layer")         # the rules
    load("@rules_strata//rules:providers.bzl", "ImageInfo", "LayerInfo")  # the providers
    load("@rules_strata//rules:toolchain.bzl", "image_toolchain")         # for tools of your own

Rules take the attributes that all rules have, and those below.
`

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: gen DIRECTORY")
	}
	globals, err := load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	page, err := globals.page()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(page)
}

// globals maps the names that the Starlark files define to their values.
type globals map[string]build.Expr

func load(directory string) (globals, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.bzl"))
	if err != nil {
		return nil, err
	}
	all := make(globals)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := build.ParseBzl(name, data)
		if err != nil {
			return nil, err
		}
		for _, statement := range file.Stmt {
			if assign, ok := statement.(*build.AssignExpr); ok {
				if ident, ok := assign.LHS.(*build.Ident); ok {
					all[ident.Name] = assign.RHS
				}
			}
		}
	}
	return all, nil
}

func (g globals) page() (string, error) {
	var b strings.Builder
	b.WriteString(header)
	for _, name := range rules {
		if err := g.rule(&b, name); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, name := range providers {
		if err := g.provider(&b, name); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return b.String(), nil
}

func (g globals) rule(b *strings.Builder, name string) error {
	call, doc, err := g.documented(name)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| attribute | type | default | |\n|---|---|---|---|\n", name, doc)
	attrs, err := g.entries(argument(call, "attrs"))
	if err != nil {
		return err
	}
	for _, attr := range attrs {
		if strings.HasPrefix(attr.key, "_") {
			continue
		}
		call, ok := attr.value.(*build.CallExpr)
		if !ok {
			return fmt.Errorf("attribute %s: not a call", attr.key)
		}
		doc, err := g.text(argument(call, "doc"))
		if err != nil {
			return fmt.Errorf("attribute %s: %w", attr.key, err)
		}
		kind := call.X.(*build.DotExpr).Name
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", attr.key, kind, byDefault(kind, call), cell(doc))
	}
	return nil
}

func (g globals) provider(b *strings.Builder, name string) error {
	call, doc, err := g.documented(name)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| field | |\n|---|---|\n", name, doc)
	fields, err := g.entries(argument(call, "fields"))
	if err != nil {
		return err
	}
	for _, field := range fields {
		doc, err := g.text(field.value)
		if err != nil {
			return fmt.Errorf("field %s: %w", field.key, err)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", field.key, cell(doc))
	}
	return nil
}

// documented returns the call of rule() or provider() that defines name, and its doc string.
func (g globals) documented(name string) (*build.CallExpr, string, error) {
	call, ok := g[name].(*build.CallExpr)
	if !ok {
		return nil, "", fmt.Errorf("no definition")
	}
	doc, err := g.text(argument(call, "doc"))
	return call, doc, err
}

type entry struct {
	key   string
	value build.Expr
}

// entries returns the items of a dict, which may be written as {...}, NAME, A | B, or as a comprehension over a dict NAME of
// names and texts.
func (g globals) entries(expr build.Expr) ([]entry, error) {
	switch x := expr.(type) {
	case *build.Ident:
		return g.entries(g[x.Name])
	case *build.BinaryExpr:
		left, err := g.entries(x.X)
		if err != nil {
			return nil, err
		}
		right, err := g.entries(x.Y)
		return merge(left, right), err
	case *build.Comprehension:
		return g.comprehension(x)
	case *build.DictExpr:
		var all []entry
		for _, item := range x.List {
			key, ok := item.Key.(*build.StringExpr)
			if !ok {
				return nil, fmt.Errorf("a key is not a string")
			}
			all = append(all, entry{key.Value, item.Value})
		}
		return all, nil
	}
	return nil, fmt.Errorf("not a dict: %T", expr)
}

// comprehension evaluates {name: attr.label(doc = doc, ...) for name, doc in NAMES.items()}.
func (g globals) comprehension(x *build.Comprehension) ([]entry, error) {
	loop := x.Clauses[0].(*build.ForClause)
	names, err := g.entries(loop.X.(*build.CallExpr).X.(*build.DotExpr).X)
	if err != nil {
		return nil, err
	}
	call := x.Body.(*build.KeyValueExpr).Value.(*build.CallExpr)
	for i, item := range names {
		copied := *call
		copied.List = append([]build.Expr{
			&build.AssignExpr{LHS: &build.Ident{Name: "doc"}, Op: "=", RHS: item.value},
		}, call.List...)
		names[i].value = &copied
	}
	return names, nil
}

// merge returns the entries of both, sorted by key.
func merge(left, right []entry) []entry {
	var all []entry
	for len(left) > 0 && len(right) > 0 {
		from := &left
		if right[0].key < left[0].key {
			from = &right
		}
		all = append(all, (*from)[0])
		*from = (*from)[1:]
	}
	return append(append(all, left...), right...)
}

// argument returns the value of a named argument, or nil.
func argument(call *build.CallExpr, name string) build.Expr {
	for _, arg := range call.List {
		if assign, ok := arg.(*build.AssignExpr); ok {
			if ident, ok := assign.LHS.(*build.Ident); ok && ident.Name == name {
				return assign.RHS
			}
		}
	}
	return nil
}

// text returns a doc string without the indentation of its lines.
func (g globals) text(expr build.Expr) (string, error) {
	str, ok := expr.(*build.StringExpr)
	if !ok || strings.TrimSpace(str.Value) == "" {
		return "", fmt.Errorf("no doc string")
	}
	lines := strings.Split(strings.TrimSpace(str.Value), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n"), nil
}

// byDefault says what an attribute is when it is not given.
func byDefault(kind string, call *build.CallExpr) string {
	if mandatory, ok := argument(call, "mandatory").(*build.Ident); ok && mandatory.Name == "True" {
		return "required"
	}
	if given := argument(call, "default"); given != nil {
		return "`" + build.FormatString(given) + "`"
	}
	switch kind {
	case "string":
		return "`\"\"`"
	case "bool":
		return "`False`"
	case "int":
		return "`0`"
	case "label":
		return "`None`"
	case "label_list", "string_list":
		return "`[]`"
	}
	return "`{}`"
}

// cell makes a doc string fit into a cell of a table.
func cell(text string) string {
	text = strings.ReplaceAll(text, "\n\n", "<br><br>")
	text = strings.ReplaceAll(text, "\n", " ")
	return strings.ReplaceAll(text, "|", "\\|")
}
