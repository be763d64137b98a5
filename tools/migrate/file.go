package main

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
)

// findFunc returns the rule that a load statement names, or nil.
type findFunc func(module, symbol string) *rule

func (find findFunc) rule(module, symbol string) *rule {
	if find == nil {
		return nil
	}
	return find(module, symbol)
}

// file is one Starlark file of the workspace.
type file struct {
	workspace *workspace
	find      findFunc
	name      string // slash-separated, relative to the workspace
	text      edit.Text
	tree      *build.File
	loads     []*build.LoadStmt
	// bound has the names that the file binds: loads, functions, parameters and variables.
	bound map[string]bool
	// uses counts the places that use each name.
	uses map[string]int
	// rules maps a local name to the rule that it was loaded as.
	rules map[string]*rule
	// values has what global variables are set to: nil for those that are set more than once.
	values map[string]build.Expr
	calls  []*call
	edits  edit.List
	// taken has the names of targets, as Starlark.
	taken map[string]bool
	// released has the local names that nothing uses after the translation.
	released map[string]bool
	// chosen is set if the user wants the file to be rewritten.
	chosen bool
	// shared has the targets at boundaries, by what they read.
	shared map[string]string
}

// parse reads a file. The file's type follows from its name. Without find, the file has no rules of rulesets.
func parse(name string, text []byte, find findFunc) (*file, error) {
	if bytes.IndexByte(text, '\r') >= 0 {
		return nil, fmt.Errorf("%s: the file has carriage returns; convert its line ends first", name)
	}
	tree, err := build.Parse(path.Base(name), text)
	if strings.HasSuffix(name, "MODULE.bazel") {
		tree, err = build.ParseModule(name, text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &file{find: find, name: name, text: text, tree: tree, bound: map[string]bool{}, uses: map[string]int{}, rules: map[string]*rule{}, values: map[string]build.Expr{}, taken: map[string]bool{}, shared: map[string]string{}}
	build.WalkStatements(tree, func(x build.Expr, _ []build.Expr) error {
		if load, ok := x.(*build.LoadStmt); ok {
			f.addLoad(load)
		}
		return nil
	})
	build.Walk(tree, f.visit)
	return f, nil
}

func (f *file) addLoad(load *build.LoadStmt) {
	f.loads = append(f.loads, load)
	for i, from := range load.From {
		f.bound[load.To[i].Name] = true
		if r := f.find.rule(load.Module.Value, from.Name); r != nil {
			f.rules[load.To[i].Name] = r
		}
	}
}

// visit notes what the file binds, uses and calls.
func (f *file) visit(x build.Expr, stack []build.Expr) {
	switch x := x.(type) {
	case *build.Ident:
		if !namesArgument(x, stack) {
			f.uses[x.Name]++
		}
	case *build.AssignExpr:
		if name, ok := x.LHS.(*build.Ident); ok && !isArgument(x, stack) {
			if f.values[name.Name] = x.RHS; f.bound[name.Name] || len(stack) > 1 || x.Op != "=" {
				f.values[name.Name] = nil
			}
			f.bound[name.Name] = true
		}
	case *build.DefStmt:
		f.bound[x.Name] = true
		for _, p := range x.Params {
			if name, _ := build.GetParamIdent(p); name != nil {
				f.bound[name.Name] = true
			}
		}
	case *build.ForStmt, *build.Comprehension:
		for _, name := range loopVariables(x) {
			f.bound[name] = true
		}
	case *build.CallExpr:
		f.addCall(x, stack)
	}
}

// isArgument reports whether an assignment is an argument of a call, NAME = VALUE.
func isArgument(x build.Expr, stack []build.Expr) bool {
	if len(stack) == 0 {
		return false
	}
	parent, ok := stack[len(stack)-1].(*build.CallExpr)
	return ok && parent.X != x
}

// namesArgument reports whether an identifier is the name of an argument, or part of a load.
func namesArgument(x *build.Ident, stack []build.Expr) bool {
	if len(stack) == 0 {
		return false
	}
	switch parent := stack[len(stack)-1].(type) {
	case *build.LoadStmt:
		return true
	case *build.AssignExpr:
		return parent.LHS == build.Expr(x) && isArgument(parent, stack[:len(stack)-1])
	}
	return false
}

func loopVariables(x build.Expr) []string {
	var names []string
	add := func(vars build.Expr) {
		build.Walk(vars, func(x build.Expr, _ []build.Expr) {
			if name, ok := x.(*build.Ident); ok {
				names = append(names, name.Name)
			}
		})
	}
	switch x := x.(type) {
	case *build.ForStmt:
		add(x.Vars)
	case *build.Comprehension:
		for _, clause := range x.Clauses {
			if loop, ok := clause.(*build.ForClause); ok {
				add(loop.Vars)
			}
		}
	}
	return names
}

// source returns the text of an expression as its author wrote it.
func (f *file) source(x build.Expr) string { return f.text.Source(x) }

// isBuild reports whether the file declares targets: a BUILD file.
func (f *file) isBuild() bool { return f.tree.Type == build.TypeBuild }

// pkg returns the package of a BUILD file.
func (f *file) pkg() string {
	if dir := path.Dir(f.name); dir != "." {
		return dir
	}
	return ""
}

// label returns the absolute form of a label in this file. Labels of other repositories stay.
func (f *file) label(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "@"), "@")
	switch {
	case strings.HasPrefix(text, "//") && !strings.Contains(text, ":"):
		return text + ":" + path.Base(text)
	case strings.HasPrefix(text, "//"):
		return text
	case strings.HasPrefix(text, ":"):
		return "//" + f.pkg() + text
	}
	return "//" + f.pkg() + ":" + text
}

// isExternal reports whether a label names a target of another repository.
func isExternal(label string) bool {
	return strings.HasPrefix(label, "@") && !strings.HasPrefix(label, "@//") && !strings.HasPrefix(label, "@@//")
}
