package main

import (
	"github.com/bazelbuild/buildtools/build"
)

// maxDepth bounds how many loads and assignments a name is followed through.
const maxDepth = 8

// definition returns what a name of a file is: a function, or the value of a global variable, in the file that has it. It
// follows loads and variables that only give a value another name. Names of other repositories are unknown.
func (f *file) definition(name string) (*file, build.Expr) {
	for depth := 0; f != nil && depth < maxDepth; depth++ {
		if def := f.function(name); def != nil {
			return f, def
		}
		value := f.values[name]
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
func (f *file) function(name string) *build.DefStmt {
	for _, statement := range f.tree.Stmt {
		if def, ok := statement.(*build.DefStmt); ok && def.Name == name {
			return def
		}
	}
	return nil
}

// origin returns the file of the workspace that a name is loaded from, and its name there.
func (f *file) origin(name string) (*file, string) {
	for _, load := range f.loads {
		for i, to := range load.To {
			if to.Name == name && !isExternal(load.Module.Value) {
				return f.workspace.byName[f.loaded(load)], load.From[i].Name
			}
		}
	}
	return nil, ""
}

// macro returns the node of the function that a name of a file stands for, if the function or others that it calls have calls
// to translate.
func (s *chains) macro(f *file, name string) (int, bool) {
	at, x := f.definition(name)
	def, ok := x.(*build.DefStmt)
	if !ok {
		return 0, false
	}
	return s.macroNode(at, def, 0)
}

func (s *chains) macroNode(f *file, def *build.DefStmt, depth int) (int, bool) {
	node, found := s.macros[def]
	if found || depth > 4 {
		return node, found
	}
	for _, c := range f.calls {
		if c.scope != def || c.rule != nil {
			continue
		}
		at, x := f.definition(c.kind())
		inner, ok := x.(*build.DefStmt)
		if !ok || inner == def {
			continue
		}
		other, ok := s.macroNode(at, inner, depth+1)
		switch {
		case ok && found:
			s.join(node, other)
		case ok:
			node, found = other, true
		}
	}
	return node, found
}
