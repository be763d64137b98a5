package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// setting is an attribute of a new target, with its value as Starlark.
type setting struct{ name, text string }

// made is a new target: the name of its rule, which the file may load under another one, and its call.
type made struct{ symbol, text string }

// generate puts a new target in front of the call. Only a call that is a statement can have one.
func (c *call) generate(kind, name string, settings []setting) {
	if !c.alone {
		c.refuseNested()
		return
	}
	call := &build.CallExpr{X: &build.Ident{Name: kind}, ForceMultiLine: true}
	set := func(name, text string) {
		tree, err := build.ParseBuild("", []byte(text))
		if err != nil || len(tree.Stmt) != 1 {
			c.refuse(name, "internal", "the value cannot be written: "+text, "report this as a bug")
			return
		}
		call.List = append(call.List, &build.AssignExpr{LHS: &build.Ident{Name: name}, Op: "=", RHS: tree.Stmt[0]})
	}
	set("name", name)
	slices.SortStableFunc(settings, func(a, b setting) int {
		if first := b.name == "srcs"; first || a.name == "srcs" {
			return map[bool]int{true: 1, false: -1}[first]
		}
		return strings.Compare(a.name, b.name)
	})
	for _, s := range settings {
		if s.text != "" {
			set(s.name, s.text)
		}
	}
	for _, inherited := range []string{"tags", "target_compatible_with", "testonly"} {
		if a := c.attr(inherited); a != nil {
			set(inherited, c.file.source(a.value))
		}
	}
	c.made = append(c.made, made{kind, build.FormatString(call)})
}

// dict returns a dictionary of strings as Starlark.
func dict(entries map[string]string) string {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(entries)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %s", quoted(key), quoted(entries[key]))
	}
	return "{" + b.String() + "}"
}

// modes returns the attribute modes for files that all have the same mode.
func modes(paths map[string]string, mode string) string {
	all := map[string]string{}
	for at := range paths {
		if strings.HasSuffix(at, "/") {
			at += "**"
		}
		all[at] = mode
	}
	return dict(all)
}

// indented puts blanks in front of each line but the first.
func indented(text, blanks string) string { return strings.ReplaceAll(text, "\n", "\n"+blanks) }
