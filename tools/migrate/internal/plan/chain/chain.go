// Package chain groups the calls that can only be translated together.
package chain

import (
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// Chains groups calls that can only be translated together: an image, its base, its layers, its pushes and its tests. It
// is a union of sets; each call and each macro is a node.
type Chains struct {
	w      *model.Workspace
	parent []int
	macros map[*build.DefStmt]int
	// open has the calls that AddOpen adds.
	open []*model.Call
}

// New returns the chains of a workspace, without calls.
func New(w *model.Workspace) *Chains { return &Chains{w: w, macros: map[*build.DefStmt]int{}} }

// Enter makes a call a node. It stays together with the function that has it, and so with all other calls of it that make images.
func (s *Chains) Enter(c *model.Call) {
	c.Node = s.add()
	if c.Scope == nil || c.Rule.Role == model.Archive || c.Rule.Role == model.Pull || c.Rule.Stays() {
		return
	}
	if _, ok := s.macros[c.Scope]; !ok {
		s.macros[c.Scope] = s.add()
	}
	s.Join(c.Node, s.macros[c.Scope])
}

func (s *Chains) add() int {
	s.parent = append(s.parent, len(s.parent))
	return len(s.parent) - 1
}

// Root returns the node that all nodes of a chain have.
func (s *Chains) Root(n int) int {
	for s.parent[n] != n {
		n = s.parent[n]
	}
	return n
}

// Join makes one chain of those of two nodes.
func (s *Chains) Join(a, b int) { s.parent[s.Root(a)] = s.Root(b) }

// Macro returns the node of the function that a name of a file stands for, if the function or others that it calls have calls
// to translate.
func (s *Chains) Macro(f *model.File, name string) (int, bool) {
	at, x := f.Definition(name)
	def, ok := x.(*build.DefStmt)
	if !ok {
		return 0, false
	}
	return s.macroNode(at, def, 0)
}

func (s *Chains) macroNode(f *model.File, def *build.DefStmt, depth int) (int, bool) {
	node, found := s.macros[def]
	if found || depth > 4 {
		return node, found
	}
	for _, c := range f.Calls {
		if c.Scope != def || c.Rule != nil {
			continue
		}
		at, x := f.Definition(c.Kind())
		inner, ok := x.(*build.DefStmt)
		if !ok || inner == def {
			continue
		}
		other, ok := s.macroNode(at, inner, depth+1)
		switch {
		case ok && found:
			s.Join(node, other)
		case ok:
			node, found = other, true
		}
	}
	return node, found
}

// Instance returns the node of the macro that declares a target of a BUILD file: the one called with its name, or with the beginning of
// it.
func (s *Chains) Instance(label string) (int, bool) {
	for _, other := range s.w.Files {
		if !other.IsBuild() {
			continue
		}
		for _, c := range other.Calls {
			name, literal := c.Text("name")
			if !literal || c.Rule != nil {
				continue
			}
			if own := other.Label(name); label != own && !strings.HasPrefix(label, own+"_") && !strings.HasPrefix(label, own+".") && !strings.HasPrefix(label, own+"-") {
				continue
			}
			if node, ok := s.Macro(other, c.Kind()); ok {
				return node, true
			}
		}
	}
	return 0, false
}

// AddOpen notes a call whose images may come from a caller, or from an expression in a .bzl file.
func (s *Chains) AddOpen(c *model.Call) { s.open = append(s.open, c) }

// HasOpen reports whether there are such calls.
func (s *Chains) HasOpen() bool { return len(s.open) > 0 }

// JoinOpen joins all of them to another one.
func (s *Chains) JoinOpen(c *model.Call) {
	for _, open := range s.open {
		s.Join(open.Node, c.Node)
	}
}
