package model

import (
	"slices"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
)

// maxDepth bounds how many loads and assignments a name is followed through.
const maxDepth = 8

// Definition returns what a name of a file is: a function, or the value of a global variable, in the file that has it. It
// follows loads and variables that only give a value another name. Names of other repositories are unknown.
func (f *File) Definition(name string) (*File, build.Expr) {
	for depth := 0; f != nil && depth < maxDepth; depth++ {
		if def := f.function(name); def != nil {
			return f, def
		}
		value := f.Values[name]
		other, alias := value.(*build.Ident)
		switch {
		case alias:
			name = other.Name
		case value != nil:
			return f, value
		default:
			f, name = f.origin(name)
		}
	}
	return nil, nil
}

// function returns the function of a file that has a name, or nil.
func (f *File) function(name string) *build.DefStmt {
	for _, statement := range f.Tree.Stmt {
		if def, ok := statement.(*build.DefStmt); ok && def.Name == name {
			return def
		}
	}
	return nil
}

// origin returns the file of the workspace that a name is loaded from, and its name there.
func (f *File) origin(name string) (*File, string) {
	for _, load := range f.Loads {
		for i, to := range load.To {
			if to.Name == name && !IsExternal(load.Module.Value) {
				return f.Workspace.byName[f.loaded(load)], load.From[i].Name
			}
		}
	}
	return nil, ""
}

// IsMacro reports whether a name may be a function of the workspace.
func (f *File) IsMacro(name string) bool {
	if !slices.ContainsFunc(f.Loads, func(load *build.LoadStmt) bool {
		return !IsExternal(load.Module.Value) && slices.ContainsFunc(load.To, func(to *build.Ident) bool { return to.Name == name })
	}) {
		return false
	}
	_, x := f.Definition(name)
	call, ok := x.(*build.CallExpr)
	return !ok || !expr.IsNamed(call.X, "rule")
}
