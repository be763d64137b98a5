package chain

import (
	"path"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model/flow"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/expr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/starlark/pattern"
)

// JoinCandidates joins a call to all targets that an expression may name, as far as the workspace shows them: a name with
// variables names every target whose name can be the same text, and a variable every target that its loop or its value
// lists. It reports false if there is none. Too many targets in a chain only keep more calls as they are.
func (s *Chains) JoinCandidates(c *model.Call, value build.Expr) bool {
	nodes := s.candidates(c, value)
	for _, node := range nodes {
		s.Join(c.Node, node)
	}
	return len(nodes) > 0
}

func (s *Chains) candidates(c *model.Call, value build.Expr) []int {
	switch x := value.(type) {
	case *build.Ident:
		return s.listed(c, x.Name)
	case *build.StringExpr:
		return s.named(c, x.Value)
	}
	if inner := expr.Constructed(value); inner != nil {
		return s.named(c, inner.Value)
	}
	if text, known := pattern.Of(value); known {
		return s.named(c, pattern.Glob(text))
	}
	return nil
}

// named returns the nodes of the targets that a label names, which may be a glob.
func (s *Chains) named(c *model.Call, label string) []int {
	if model.IsExternal(label) {
		return nil
	}
	label = strings.TrimLeft(label, "@")
	if !strings.Contains(label, "*") {
		key := c.File.Label(label)
		if target := s.w.Targets[key]; target != nil {
			nodes := []int{target.Node}
			for _, other := range s.w.Aliases[key] {
				nodes = append(nodes, other.Node)
			}
			return nodes
		}
		if alias := s.w.Computed[key]; alias != nil {
			var nodes []int
			for _, value := range alias.Forwards() {
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
		if c.File.IsBuild() {
			pkg = c.File.Pkg()
		}
	}
	return s.matching(c, pkg, name)
}

// matching returns the nodes of the images and layers in packages that match a glob, with names that can match another. Macros
// of the workspace may be called in any package.
func (s *Chains) matching(c *model.Call, pkg, name string) []int {
	var nodes []int
	for _, other := range s.w.Calls() {
		a := other.Attr("name")
		if other == c || a == nil || other.Rule.Role != model.Image && other.Rule.Role != model.Layer {
			continue
		}
		text, known := pattern.Of(a.Value)
		if !known {
			continue
		}
		text = pattern.Glob(text)
		if other.File.IsBuild() && !pattern.Overlap(pkg, other.File.Pkg()) {
			continue
		}
		names := []string{text}
		if loop, ok := a.Value.(*build.Ident); ok {
			names = flow.ListedNames(other.File, loop.Name)
		} else if strings.Trim(text, "*") == "" {
			continue
		}
		if slices.ContainsFunc(names, func(text string) bool { return pattern.Overlap(name, text) }) {
			nodes = append(nodes, other.Node)
		}
	}
	if strings.HasPrefix(pkg, "*") || len(nodes) > 0 {
		return nodes
	}
	for _, f := range s.w.Files {
		if !f.IsBuild() || !pattern.Overlap(pkg, f.Pkg()) {
			continue
		}
		for _, other := range f.Calls {
			if node, ok := s.Macro(f, other.Kind()); ok && other.Rule == nil {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// listed returns the nodes of the targets that a variable of the file may name: those among the strings of its value, or of
// the list that its loop runs over.
func (s *Chains) listed(c *model.Call, name string) []int {
	var nodes []int
	for _, text := range flow.ListedNames(c.File, name) {
		if s.w.Targets[c.File.Label(text)] != nil || strings.ContainsAny(text, ":/") {
			nodes = append(nodes, s.named(c, text)...)
		}
	}
	return nodes
}
