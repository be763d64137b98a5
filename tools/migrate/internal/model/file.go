package model

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/edit"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// FindFunc returns the rule that a load statement names, or nil.
type FindFunc func(module, symbol string) *Rule

// Rule returns the rule that a load statement names, or nil.
func (find FindFunc) Rule(module, symbol string) *Rule {
	if find == nil {
		return nil
	}
	return find(module, symbol)
}

// File is one Starlark file of the workspace.
type File struct {
	Workspace *Workspace
	Find      FindFunc
	Name      string // slash-separated, relative to the workspace
	Text      edit.Text
	Tree      *build.File
	Loads     []*build.LoadStmt
	// Bound has the names that the file binds: loads, functions, parameters and variables.
	Bound map[string]bool
	// Uses counts the places that use each name.
	Uses map[string]int
	// Rules maps a local name to the rule that it was loaded as.
	Rules map[string]*Rule
	// Values has what global variables are set to: nil for those that are set more than once.
	Values map[string]build.Expr
	// Calls has all calls, and Edits what becomes of the file.
	Calls []*Call
	Edits edit.List
	// Taken has the names of targets, as Starlark.
	Taken map[string]bool
	// Released has the local names that nothing uses after the translation.
	Released map[string]bool
	// Chosen is set if the user wants the file to be rewritten.
	Chosen bool
	// shared has the targets at boundaries, by what they read.
	shared map[string]string
}

// Parse reads a file. The file's type follows from its name. Without find, the file has no rules of rulesets.
func Parse(name string, text []byte, find FindFunc) (*File, error) {
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
	f := &File{Find: find, Name: name, Text: text, Tree: tree, Bound: map[string]bool{}, Uses: map[string]int{}, Rules: map[string]*Rule{}, Values: map[string]build.Expr{}, Taken: map[string]bool{}, shared: map[string]string{}}
	build.WalkStatements(tree, func(x build.Expr, _ []build.Expr) error {
		if load, ok := x.(*build.LoadStmt); ok {
			f.addLoad(load)
		}
		return nil
	})
	build.Walk(tree, f.visit)
	return f, nil
}

func (f *File) addLoad(load *build.LoadStmt) {
	f.Loads = append(f.Loads, load)
	for i, from := range load.From {
		f.Bound[load.To[i].Name] = true
		if r := f.Find.Rule(load.Module.Value, from.Name); r != nil {
			f.Rules[load.To[i].Name] = r
		}
	}
}

// visit notes what the file binds, uses and calls.
func (f *File) visit(x build.Expr, stack []build.Expr) {
	switch x := x.(type) {
	case *build.Ident:
		if !expr.NamesArgument(x, stack) {
			f.Uses[x.Name]++
		}
	case *build.AssignExpr:
		if name, ok := x.LHS.(*build.Ident); ok && !expr.IsArgument(x, stack) {
			if f.Values[name.Name] = x.RHS; f.Bound[name.Name] || len(stack) > 1 || x.Op != "=" {
				f.Values[name.Name] = nil
			}
			f.Bound[name.Name] = true
		}
	case *build.DefStmt:
		f.Bound[x.Name] = true
		for _, p := range x.Params {
			if name, _ := build.GetParamIdent(p); name != nil {
				f.Bound[name.Name] = true
			}
		}
	case *build.ForStmt, *build.Comprehension:
		for _, name := range expr.LoopVariables(x) {
			f.Bound[name] = true
		}
	case *build.CallExpr:
		f.addCall(x, stack)
	}
}

// Source returns the text of an expression as its author wrote it.
func (f *File) Source(x build.Expr) string { return f.Text.Source(x) }

// IsBuild reports whether the file declares targets: a BUILD file.
func (f *File) IsBuild() bool { return f.Tree.Type == build.TypeBuild }

// Pkg returns the package of a BUILD file.
func (f *File) Pkg() string {
	if dir := path.Dir(f.Name); dir != "." {
		return dir
	}
	return ""
}
