package model

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/format"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// Settings are the attributes of a target, with their values as Starlark. An empty one is not written. That of "**" is a variable
// with further attributes.
type Settings map[string]string

// Made is a new target: the name of its rule, which the file may load under another one, and its call.
type Made struct{ Symbol, Text string }

// Generate puts a new target in front of the call. Only a call that is a statement can have one.
func (c *Call) Generate(kind, name string, settings Settings) {
	if !c.Alone {
		c.RefuseNested()
		return
	}
	call := &build.CallExpr{X: &build.Ident{Name: kind}, ForceMultiLine: true}
	set := func(name, text string) {
		tree, err := build.ParseBuild("", []byte(text))
		if err != nil || len(tree.Stmt) != 1 {
			c.Refuse(name, "internal", "the value cannot be written: "+text, "report this as a bug")
			return
		}
		call.List = append(call.List, &build.AssignExpr{LHS: &build.Ident{Name: name}, Op: "=", RHS: tree.Stmt[0]})
	}
	set("name", name)
	for _, name := range slices.SortedFunc(maps.Keys(settings), srcsFirst) {
		if text := settings[name]; text != "" && name != "**" {
			set(name, text)
		}
	}
	for _, inherited := range []string{"tags", "target_compatible_with", "testonly"} {
		if a := c.Attr(inherited); a != nil {
			set(inherited, c.File.Source(a.Value))
		}
	}
	if star := settings["**"]; star != "" {
		call.List = append(call.List, &build.UnaryExpr{Op: "**", X: &build.Ident{Name: star}})
	}
	c.Made = append(c.Made, Made{kind, build.FormatString(call)})
}

// srcsFirst is the order of attributes, which is buildifier's.
func srcsFirst(a, b string) int {
	switch "srcs" {
	case a:
		return -1
	case b:
		return 1
	}
	return strings.Compare(a, b)
}

// Shared returns the label of a new target that has a file's name and can be used by several calls, unless the file is computed.
func (c *Call) Shared(kind, files, suffix string, settings Settings) string {
	if c.Scope != nil || c.Loop != nil || files == "" {
		name := c.FreeName(suffix)
		c.Generate(kind, name, settings)
		return c.Ref(name)
	}
	key := kind + files
	for _, name := range []string{"tags", "target_compatible_with", "testonly"} {
		key += "\x00" + c.SourceOf(name)
	}
	if c.File.shared[key] == "" {
		base := strings.TrimSuffix(strings.TrimSuffix(Explicit(files), ":image.tar"), ".tar")
		base = strings.TrimSuffix(base, "//image")
		base = strings.TrimLeft(base[strings.LastIndexAny(base, ":/")+1:], "@")
		probe := &Call{File: c.File, Attrs: []Attr{{Name: "name", Value: &build.StringExpr{Value: base}}}}
		name := probe.FreeName(suffix)
		c.Generate(kind, name, settings)
		c.File.shared[key] = c.Ref(name)
	}
	return c.File.shared[key]
}

// FreeName returns the text of a name for a target that belongs to this one. It is no other target's name.
func (c *Call) FreeName(suffix string) string {
	a := c.Attr("name")
	s, literal := a.Value.(*build.StringExpr)
	for n := 1; ; n++ {
		end := suffix
		if n > 1 {
			end += strconv.Itoa(n)
		}
		name := fmt.Sprintf("%q", end)
		if literal {
			name = fmt.Sprintf("%q", s.Value+end)
		} else {
			name = format.Operand(a.Value, c.File.Source(a.Value)) + " + " + name
		}
		made, known := pattern.Of(a.Value)
		if !known {
			made = c.File.Source(a.Value)
		}
		if made += end; !c.File.Taken[made] {
			c.File.Taken[made] = true
			return name
		}
	}
}

// Ref returns the label of a target in this file whose name has this text.
func (c *Call) Ref(name string) string {
	if name[0] == '"' && c.Scope == nil {
		return `":` + name[1:]
	}
	return name
}

// RefuseNested refuses a call that needs another target and cannot have one in front of it.
func (c *Call) RefuseNested() {
	c.Refuse("", "nested", "the translation needs another target, and the call is part of an expression", "write the call as a statement")
}

// Settings returns the attributes of a call after its edits, other than those of every rule.
func (c *Call) Settings() Settings {
	all := Settings{}
	for _, a := range c.Attrs {
		if slices.Contains(Common, a.Name) || slices.Contains(c.Dropped, a.Index) || expr.IsNone(a.Value) {
			continue
		}
		probe := *c
		probe.Edits = slices.Clone(c.Edits)
		name := a.Name
		if to, renamed := c.Edits.Of(a.Expr.LHS); renamed {
			name = to
		}
		all[name] = probe.Take(a.Value)
	}
	return all
}
