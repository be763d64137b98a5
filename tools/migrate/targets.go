package main

import (
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// indexAliases makes the names of targets that only forward others, like an alias, those of their targets.
func (w *workspace) indexAliases() {
	for found := true; found; {
		found = false
		for _, f := range w.files {
			for _, c := range f.calls {
				name, forwarded := c.attr("name"), c.forwards()
				if len(forwarded) == 0 || name == nil {
					continue
				}
				key, ok := c.key(name.value)
				if !ok || w.targets[key] != nil {
					continue
				}
				w.computed[key] = c
				for _, value := range forwarded {
					if to, ok := c.key(value); ok && w.targets[to] != nil {
						w.targets[key], found = w.targets[to], true
						w.aliases[key] = append(w.aliases[key], w.targets[to])
					}
				}
			}
		}
	}
}

// forwards returns the targets that a target stands for: those of an alias, or the source of a platform_transition_filegroup,
// which our rules take the image from.
func (c *call) forwards() []build.Expr {
	switch strings.TrimPrefix(c.kind(), "native.") {
	case "alias":
		if actual := c.attr("actual"); actual != nil {
			return values(actual.value)
		}
	case "platform_transition_filegroup":
		if srcs := c.attr("srcs"); srcs != nil {
			if list, ok := srcs.value.(*build.ListExpr); ok && len(list.List) == 1 {
				return list.List
			}
		}
	}
	return nil
}

// joinCandidates joins a call to all targets that an expression may name, as far as the workspace shows them: a name with
// variables names every target whose name can be the same text, and a variable every target that its loop or its value
// lists. It reports false if there is none. Too many targets in a chain only keep more calls as they are.
func (s *chains) joinCandidates(c *call, value build.Expr) bool {
	nodes := s.candidates(c, value)
	for _, node := range nodes {
		s.join(c.node, node)
	}
	return len(nodes) > 0
}

func (s *chains) candidates(c *call, value build.Expr) []int {
	switch x := value.(type) {
	case *build.Ident:
		return s.listed(c, x.Name)
	case *build.StringExpr:
		return s.named(c, x.Value)
	}
	if inner := constructed(value); inner != nil {
		return s.named(c, inner.Value)
	}
	if text, known := pattern(value); known {
		return s.named(c, glob(text))
	}
	return nil
}

// named returns the nodes of the targets that a label names, which may be a glob.
func (s *chains) named(c *call, label string) []int {
	if isExternal(label) {
		return nil
	}
	label = strings.TrimLeft(label, "@")
	if !strings.Contains(label, "*") {
		key := c.file.label(label)
		if target := s.w.targets[key]; target != nil {
			nodes := []int{target.node}
			for _, other := range s.w.aliases[key] {
				nodes = append(nodes, other.node)
			}
			return nodes
		}
		if alias := s.w.computed[key]; alias != nil {
			var nodes []int
			for _, value := range alias.forwards() {
				nodes = append(nodes, s.candidates(alias, value)...)
			}
			return nodes
		}
	}
	pkg, name := "*", label
	switch before, after, qualified := strings.Cut(name, ":"); {
	case qualified && strings.HasPrefix(before, "//"):
		pkg, name = before[2:], after
	case strings.HasPrefix(name, "//") && !strings.Contains(name, "*"):
		pkg, name = before[2:], path.Base(before)
	case strings.HasPrefix(name, "//"): // //pkg or //pkg:name, with the colon in a variable
		pkg, name = strings.TrimSuffix(before[2:strings.IndexByte(before, '*')], "/")+"*", "*"
	default:
		name = strings.TrimPrefix(name, ":")
		if c.file.isBuild() {
			pkg = c.file.pkg()
		}
	}
	return s.matching(c, pkg, name)
}

// matching returns the nodes of the images and layers in packages that match a glob, with names that can match another. Macros
// of the workspace may be called in any package.
func (s *chains) matching(c *call, pkg, name string) []int {
	var nodes []int
	for _, other := range s.w.calls() {
		a := other.attr("name")
		if other == c || a == nil || other.rule.role != image && other.rule.role != layer {
			continue
		}
		text, known := pattern(a.value)
		if !known {
			continue
		}
		text = glob(text)
		if other.file.isBuild() && !overlap(pkg, other.file.pkg()) {
			continue
		}
		names := []string{text}
		if loop, ok := a.value.(*build.Ident); ok {
			names = other.file.listedNames(loop.Name)
		} else if strings.Trim(text, "*") == "" {
			continue
		}
		if slices.ContainsFunc(names, func(text string) bool { return overlap(name, text) }) {
			nodes = append(nodes, other.node)
		}
	}
	if strings.HasPrefix(pkg, "*") || len(nodes) > 0 {
		return nodes
	}
	for _, f := range s.w.files {
		if !f.isBuild() || !overlap(pkg, f.pkg()) {
			continue
		}
		for _, other := range f.calls {
			if node, ok := s.macro(f, other.kind()); ok && other.rule == nil {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// listed returns the nodes of the targets that a variable of the file may name: those among the strings of its value, or of
// the list that its loop runs over.
func (s *chains) listed(c *call, name string) []int {
	var nodes []int
	for _, text := range c.file.listedNames(name) {
		if s.w.targets[c.file.label(text)] != nil || strings.ContainsAny(text, ":/") {
			nodes = append(nodes, s.named(c, text)...)
		}
	}
	return nodes
}

// listedNames returns the strings that a variable of the file may be, as globs.
func (f *file) listedNames(name string) []string {
	var all []string
	add := func(x build.Expr) {
		if list, ok := x.(*build.Ident); ok && f.values[list.Name] != nil {
			x = f.values[list.Name]
		}
		build.Walk(x, func(x build.Expr, stack []build.Expr) {
			if len(stack) > 0 {
				if _, part := stack[len(stack)-1].(*build.BinaryExpr); part {
					return
				}
			}
			switch x.(type) {
			case *build.StringExpr, *build.BinaryExpr:
				if text, ok := pattern(x); ok {
					all = append(all, glob(text))
				}
			}
		})
	}
	if value := f.values[name]; value != nil {
		add(value)
	}
	build.Walk(f.tree, func(x build.Expr, _ []build.Expr) {
		switch x := x.(type) {
		case *build.ForStmt:
			if slices.Contains(loopVariables(x), name) {
				add(x.X)
			}
		case *build.Comprehension:
			for _, clause := range x.Clauses {
				if loop, ok := clause.(*build.ForClause); ok && slices.Contains(loopVariables(x), name) {
					add(loop.X)
				}
			}
		}
	})
	return all
}

// onlyTargets returns the calls that use a global variable of a BUILD file. It reports false if one is not of a rule that is
// translated.
func (f *file) onlyTargets(name string, depth int) (users []*call, ok bool) {
	known := map[*build.CallExpr]*call{}
	for _, c := range f.calls {
		known[c.expr] = c
	}
	ok = depth < 4
	build.Walk(f.tree, func(x build.Expr, stack []build.Expr) {
		ident, used := x.(*build.Ident)
		if !used || !ok || ident.Name != name || namesArgument(ident, stack) {
			return
		}
		if assign, defines := stack[len(stack)-1].(*build.AssignExpr); defines && assign.LHS == x {
			return
		}
		user, _ := enclosing(stack, known)
		if user != nil {
			if method, isMethod := user.expr.X.(*build.DotExpr); isMethod && method.Name == "update" {
				to, _ := method.X.(*build.Ident)
				switch {
				case to == nil:
					ok = false
				case to.Name != name: // its entries are those of another variable
					more, only := f.onlyTargets(to.Name, depth+1)
					users, ok = append(users, more...), only
				}
				return
			}
		}
		if other := variable(stack); other != "" && (user == nil || isDict(user)) {
			more, only := f.onlyTargets(other, depth+1)
			users, ok = append(users, more...), only
			return
		}
		for _, outer := range stack {
			if loop, inLoop := outer.(*build.Comprehension); inLoop && user == nil {
				call, _ := loop.Body.(*build.CallExpr)
				user = known[call]
			}
		}
		if user == nil || user.rule == nil {
			ok = false
			return
		}
		users = append(users, user)
	})
	return users, ok && len(users) > 0
}

// isDict reports whether a call returns a dictionary with the values of its arguments.
func isDict(c *call) bool { return slices.Contains([]string{"dict", "dicts.add"}, c.kind()) }
