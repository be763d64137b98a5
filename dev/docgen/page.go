package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const header = `# Reference

<!-- Generated from the doc strings in rules/. After a change there:
./bazelw build //dev/docgen:rules.md && cp bazel-bin/dev/docgen/rules.md docs/rules.md -->

`

// page is the Markdown written so far. The first symbol without a doc string becomes its error.
type page struct {
	strings.Builder
	err error
}

func render(modules []module, settings []setting) (string, error) {
	p := &page{}
	p.WriteString(header)
	p.contents(modules)
	for _, m := range modules {
		p.module(m)
	}
	p.settings(settings)
	return p.String(), p.err
}

// contents writes one item for each file, with links to its symbols.
func (p *page) contents(modules []module) {
	for _, m := range modules {
		fmt.Fprintf(p, "- %s:", link(m.File))
		separator := " "
		for _, name := range m.names() {
			fmt.Fprintf(p, "%s%s", separator, link(name))
			separator = ", "
		}
		p.WriteString("\n")
	}
	p.WriteString("- [Build settings](#build-settings)\n")
}

// names returns the names of the symbols, in the order of their sections.
func (m module) names() []string {
	var names []string
	for _, r := range m.Rules {
		names = append(names, r.Name)
	}
	for _, x := range m.Providers {
		names = append(names, x.Name)
	}
	for _, e := range m.Extensions {
		names = append(names, e.Name)
	}
	for _, f := range m.Functions {
		names = append(names, f.Name)
	}
	return names
}

func (p *page) module(m module) {
	p.section("##", m.File, m.Doc)
	for _, r := range m.Rules {
		p.rule(r)
	}
	for _, x := range m.Providers {
		p.provider(x)
	}
	for _, e := range m.Extensions {
		p.extension(e)
	}
	for _, f := range m.Functions {
		p.function(f)
	}
}

func (p *page) rule(r rule) {
	p.section("###", r.Name, r.Doc)
	if len(r.Provides.Names) > 0 {
		p.WriteString("\nProvides")
		for _, name := range r.Provides.Names {
			p.WriteString(" " + link(name))
		}
		p.WriteString(".\n")
	}
	p.attributes(r.Name, slices.DeleteFunc(slices.Clone(r.Attributes), func(a attribute) bool { return a.Type == typeName }))
}

func (p *page) provider(x provider) {
	p.section("###", x.Name, x.Doc)
	p.WriteString("\n| field | |\n|---|---|\n")
	for _, f := range x.Fields {
		fmt.Fprintf(p, "| `%s` | %s |\n", f.Name, p.cell(x.Name+"."+f.Name, f.Doc))
	}
}

func (p *page) extension(e extension) {
	p.section("###", e.Name, e.Doc)
	for _, tag := range e.Tags {
		p.section("####", e.Name+"."+tag.Name, tag.Doc)
		p.attributes(e.Name+"."+tag.Name, tag.Attributes)
	}
}

func (p *page) function(f function) {
	p.section("###", f.Name, f.Doc)
	p.WriteString("\n| parameter | default | |\n|---|---|---|\n")
	for _, x := range f.Parameters {
		name, value := x.Name, byDefault(x.Mandatory, x.Default)
		if !x.Mandatory && x.Default == "" { // only a parameter for all further arguments
			name, value = "**"+name, ""
		}
		fmt.Fprintf(p, "| `%s` | %s | %s |\n", name, value, p.cell(f.Name+"."+x.Name, x.Doc))
	}
}

// attributes writes the table of attributes: those that are required, then the others, each by name.
func (p *page) attributes(owner string, attributes []attribute) {
	sorted := slices.SortedFunc(slices.Values(attributes), func(a, b attribute) int {
		switch {
		case a.Mandatory && !b.Mandatory:
			return -1
		case b.Mandatory && !a.Mandatory:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	p.WriteString("\n| attribute | type | default | |\n|---|---|---|---|\n")
	for _, a := range sorted {
		fmt.Fprintf(p, "| `%s` | %s | %s | %s |\n",
			a.Name, a.Type, byDefault(a.Mandatory, a.Default), p.cell(owner+"."+a.Name, a.Doc))
	}
}

func (p *page) settings(settings []setting) {
	p.WriteString("\n## Build settings\n\nFlags of `bazel build`, for the command line or a `.bazelrc`.\n")
	p.WriteString("\n| flag | type | default | |\n|---|---|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(p, "| `--@rules_strata//rules:%s` | %s | `%s` | %s |\n", s.name, s.kind, s.value, p.cell(s.name, s.doc))
	}
}

// section writes a heading and the text below it.
func (p *page) section(level, name, doc string) {
	fmt.Fprintf(p, "\n%s %s\n\n%s\n", level, name, withLinks(strings.TrimSpace(doc)))
	p.want(name, doc)
}

// want makes a missing doc string an error.
func (p *page) want(name, doc string) {
	if p.err == nil && strings.TrimSpace(doc) == "" {
		p.err = fmt.Errorf("%s: no doc string", name)
	}
}

// cell makes a doc string fit into a cell of a table.
func (p *page) cell(name, doc string) string {
	p.want(name, doc)
	doc = strings.ReplaceAll(strings.TrimSpace(doc), "\n\n", "<br><br>")
	doc = strings.ReplaceAll(doc, "\n", " ")
	return withLinks(strings.ReplaceAll(doc, "|", `\|`))
}

func byDefault(mandatory bool, value string) string {
	if mandatory {
		return "required"
	}
	return "`" + value + "`"
}

// link returns a link to the section with the heading.
func link(heading string) string {
	return fmt.Sprintf("[`%s`](#%s)", heading, notInAnchors.ReplaceAllString(strings.ToLower(heading), ""))
}

// withLinks makes links of the pages that a doc string names: they are beside this one.
func withLinks(doc string) string { return pageName.ReplaceAllString(doc, "[docs/$1]($1)") }

var (
	notInAnchors = regexp.MustCompile(`[^a-z0-9_-]`)
	pageName     = regexp.MustCompile(`\bdocs/([a-z-]+\.md)\b`)
)
