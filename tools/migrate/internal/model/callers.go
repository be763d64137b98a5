package model

import (
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Caller is a call of a macro of the workspace.
type Caller struct {
	Call *Call
	// Args are its arguments by the names of the macro's parameters.
	Args map[string]build.Expr
	// Open is set if there are arguments that the call does not show.
	Open bool
}

// Callers returns all calls of a macro in the workspace.
func (w *Workspace) Callers(def *build.DefStmt) []Caller {
	if all, ok := w.called[def]; ok {
		return all
	}
	w.called[def] = nil // a macro that calls itself
	var all []Caller
	for _, f := range w.Files {
		names := f.namesOf(def)
		if len(names) == 0 {
			continue
		}
		for _, c := range f.Calls {
			if slices.Contains(names, c.Kind()) {
				all = append(all, newCaller(c, def))
			}
		}
	}
	w.called[def] = all
	return all
}

// namesOf returns the names of a macro in a file.
func (f *File) namesOf(def *build.DefStmt) []string {
	if f.function(def.Name) == def {
		return []string{def.Name}
	}
	var names []string
	for _, load := range f.Loads {
		if IsExternal(load.Module.Value) {
			continue
		}
		for _, to := range load.To {
			if _, x := f.Definition(to.Name); x == build.Expr(def) {
				names = append(names, to.Name)
			}
		}
	}
	return names
}

// loaded returns the path of the file of the workspace that a load statement names.
func (f *File) loaded(load *build.LoadStmt) string {
	return strings.TrimPrefix(strings.Replace(strings.TrimPrefix(f.Label(load.Module.Value), "//"), ":", "/", 1), "/")
}

func newCaller(c *Call, def *build.DefStmt) Caller {
	found := Caller{Call: c, Args: map[string]build.Expr{}}
	var positions []string
	for _, p := range def.Params {
		if _, star := p.(*build.UnaryExpr); star {
			break
		}
		if name, _ := build.GetParamIdent(p); name != nil {
			positions = append(positions, name.Name)
		}
	}
	for i, arg := range c.Expr.List {
		switch x := arg.(type) {
		case *build.AssignExpr:
			if name, ok := x.LHS.(*build.Ident); ok {
				found.Args[name.Name] = x.RHS
			}
		case *build.UnaryExpr:
			found.Open = true
		default:
			if i < len(positions) {
				found.Args[positions[i]] = arg
			}
		}
	}
	return found
}
