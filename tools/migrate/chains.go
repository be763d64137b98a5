package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// chains groups calls that can only be translated together: an image, its base, its layers, its pushes and its tests. It
// is a union of sets; each call and each macro is a node.
type chains struct {
	w      *workspace
	parent []int
	macros map[*build.DefStmt]int
	open   []*call
}

func newChains(w *workspace) *chains { return &chains{w: w, macros: map[*build.DefStmt]int{}} }

// enter makes a call a node. It stays together with the function that has it, and so with all other calls of it that make images.
func (s *chains) enter(c *call) {
	c.node = s.add()
	if c.scope == nil || c.rule.role == archive || c.rule.role == pull || c.rule.stays() {
		return
	}
	if _, ok := s.macros[c.scope]; !ok {
		s.macros[c.scope] = s.add()
	}
	s.join(c.node, s.macros[c.scope])
}

func (s *chains) add() int {
	s.parent = append(s.parent, len(s.parent))
	return len(s.parent) - 1
}

// addOpen notes a call whose images may come from a caller, or from an expression in a .bzl file.
func (s *chains) addOpen(c *call) { s.open = append(s.open, c) }

// hasOpen reports whether there are such calls.
func (s *chains) hasOpen() bool { return len(s.open) > 0 }

// joinOpen joins all of them to another one.
func (s *chains) joinOpen(c *call) {
	for _, open := range s.open {
		s.join(open.node, c.node)
	}
}

func (s *chains) root(n int) int {
	for s.parent[n] != n {
		n = s.parent[n]
	}
	return n
}

func (s *chains) join(a, b int) { s.parent[s.root(a)] = s.root(b) }

// plan decides which calls are translated.
type plan struct {
	w        *workspace
	chains   *chains
	boundary *boundary
	uses     *uses
	// listedRefs are the uses of labels in expressions of .bzl files by calls that read the list.
	listedRefs []unknownLink
	// layers has the keys of tars that become layers.
	layers map[string]bool
}

// newPlan translates all calls in memory, and finds out which of them stay.
func newPlan(w *workspace) *plan {
	index(w)
	p := &plan{w: w, chains: newChains(w), boundary: newBoundary(w), layers: map[string]bool{}}
	p.uses = newUses(w, p.chains, p.boundary)
	calls := w.calls()
	for _, c := range calls {
		p.chains.enter(c)
		if !c.file.chosen {
			c.refuse("", "not-chosen", "the file is not among those to translate", "name "+c.file.name+" too")
		}
		c.translate()
		if c.star != "" && !c.rule.stays() && c.rule.to != "" {
			checkStar(c)
		}
	}
	for _, c := range calls {
		for i := range c.refs {
			p.resolve(c, &c.refs[i])
		}
		p.resolveProbes(c)
		if c.rule.complete != nil && len(c.problems) == 0 {
			c.rule.complete(c)
		}
	}
	p.linkListed()
	p.uses.findUses()
	p.findLayers()
	p.block()
	for p.boundary.spread() || p.refuseNested() {
		p.block()
	}
	return p
}

// refuseNested finds calls in expressions that need another target. It reports whether there are new ones, which may keep
// further tars from becoming layers.
func (p *plan) refuseNested() bool {
	found := false
	for _, c := range p.w.calls() {
		if p.boundary.isNeeded(c) && c.translated() && !c.alone {
			c.refuseNested()
			found = true
		}
	}
	return found
}

// resolveProbes finds the targets that callers pass on to a call.
func (p *plan) resolveProbes(c *call) {
	for _, probe := range c.probes {
		for i := range probe.refs {
			p.resolve(probe, &probe.refs[i])
		}
		if len(probe.edits) > 0 {
			probe.refuse("", "kwargs", "a label has another name in rules_strata", "")
		}
		for _, problem := range probe.problems {
			c.refuse("**", "kwargs", fmt.Sprintf("%s in %s passes on %s: %s", probe.kind(), probe.where(), problem.attr, problem.reason),
				"list the attributes that callers use as parameters, then run this again")
		}
	}
}

func (c *call) refuseNested() {
	c.refuse("", "nested", "the translation needs another target, and the call is part of an expression", "write the call as a statement")
}

// resolve joins a call to the target that it needs.
func (p *plan) resolve(c *call, ref *reference) {
	tar := ref.attr == "tars"
	key, ok := c.key(ref.value)
	ref.key = key
	if c.rule.resolve != nil {
		if target := c.rule.resolve(c, ref); target != nil {
			p.chains.join(c.node, target.node)
		}
		return
	}
	if c.rule.stays() {
		if target := p.w.targets[key]; ok && target != nil && !strings.HasPrefix(key, "//") { // findUses finds labels
			p.uses.useFiles(target, use{file: c.file, user: c, attr: "image", value: ref.value})
		}
		return
	}
	if !ok && isPassedOn(c.scope, ref.value) {
		p.chains.addOpen(c)
		return
	}
	if !ok {
		if !tar && !p.chains.joinCandidates(c, ref.value) && !p.resolveListed(c, ref) {
			c.refuseUnknown(ref.attr, ref.value)
		}
		return
	}
	target := p.w.targets[key]
	if target != nil && target.rule.is("image_artifact") && (ref.attr == "base" || ref.attr == "manifests") {
		c.refuse(ref.attr, "no-counterpart", c.file.source(ref.value)+" becomes an image_artifact", "list only images")
		return
	}
	if target == nil && (p.unwrap(c, ref) || c.rule.is("oci_image_index") && p.absorb(c, ref)) {
		return
	}
	if image := p.archived(c, ref); image != nil {
		target = image
	}
	if image, label := p.grouped(ref.key); target == nil && image != nil && image.file == c.file {
		c.replace(ref.value, fmt.Sprintf("%q", label))
		p.chains.join(c.node, image.node)
		return
	}
	name, isName := ref.value.(*build.Ident)
	switch {
	case target != nil && target.rule.role == archive && (tar || ref.attr == "layers"):
	case target != nil && p.boundary.link(c, target, ref.attr, ref.value):
	case target != nil:
		p.chains.join(c.node, target.node)
		for _, other := range p.w.aliases[key] {
			p.chains.join(c.node, other.node)
		}
	case isExternal(key):
		p.resolveExternal(c, ref)
	case isExternal(leftmost(ref.value)):
		c.note("the base must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add NAME REFERENCE")
	case tar:
	case isName && isParameter(c.scope, name.Name):
		p.chains.addOpen(c)
	default:
		if macro, ok := p.instance(c.file, key); ok {
			p.chains.join(c.node, macro)
			return
		}
		if !p.isMade(key) && p.chains.joinCandidates(c, ref.value) || p.resolveUnknown(c, ref) {
			return
		}
		if _, literal := ref.value.(*build.StringExpr); literal && c.rule.ruleset == "rules_docker" && p.isMissing(key) {
			c.note("%s does not exist", c.file.source(ref.value))
			return
		}
		c.refuse(ref.attr, "unknown-target", "the target "+c.file.source(ref.value)+" is not one that is translated", "translate it by hand first")
	}
}

// resolveExternal joins an image to the declaration of its base in a repository.
func (p *plan) resolveExternal(c *call, ref *reference) {
	if ref.attr == "tars" {
		return
	}
	repository, rest, _ := strings.Cut(strings.TrimLeft(ref.key, "@"), "//")
	if target := p.w.targets["@"+repository]; target != nil {
		if !p.boundary.link(c, target, ref.attr, ref.value) {
			p.chains.join(c.node, target.node)
		}
		return
	}
	// rules_oci has a repository for each platform.
	for at := strings.LastIndexByte(repository, '_'); at > 0; at = strings.LastIndexByte(repository[:at], '_') {
		target := p.w.targets["@"+repository[:at]]
		if target != nil && rest == "" && target.rule.is("oci_pull") {
			c.replace(ref.value, fmt.Sprintf("%q", "@"+repository[:at]+"//:"+repository[at+1:]))
			if !p.boundary.link(c, target, ref.attr, ref.value) {
				p.chains.join(c.node, target.node)
			}
			return
		}
	}
	c.note("@%s must be an image of rules_strata: bazel run @rules_strata//rules:lock -- add %s REFERENCE", repository, repository)
}

// leftmost returns the literal string that an expression begins with.
func leftmost(x build.Expr) string {
	switch x := x.(type) {
	case *build.StringExpr:
		return x.Value
	case *build.BinaryExpr:
		return leftmost(x.X)
	case *build.CallExpr:
		return leftmost(x.X)
	case *build.DotExpr:
		return leftmost(x.X)
	}
	return ""
}

func isParameter(def *build.DefStmt, name string) bool {
	return def != nil && slices.ContainsFunc(def.Params, func(p build.Expr) bool {
		parameter, _ := build.GetParamIdent(p)
		return parameter != nil && parameter.Name == name
	})
}

// instance returns the macro that declares a target of a BUILD file: the one called with its name, or with the beginning of
// it.
func (p *plan) instance(f *file, label string) (int, bool) {
	for _, other := range p.w.files {
		if !other.isBuild() {
			continue
		}
		for _, c := range other.calls {
			name, literal := c.text("name")
			if !literal || c.rule != nil {
				continue
			}
			if own := other.label(name); label != own && !strings.HasPrefix(label, own+"_") && !strings.HasPrefix(label, own+".") && !strings.HasPrefix(label, own+"-") {
				continue
			}
			if node, ok := p.chains.macro(other, c.kind()); ok {
				return node, true
			}
		}
	}
	return 0, false
}

// isMade reports whether a rule outside of the rulesets declares a target itself, so that no macro does.
func (p *plan) isMade(key string) bool {
	maker := p.w.declared[key]
	if maker == nil || p.w.computed[key] != nil {
		return false
	}
	return !maker.file.isMacro(maker.kind())
}

// isPassedOn reports whether a value is an argument that a macro's caller passes on: KWARGS.get(NAME) or KWARGS.pop(NAME).
func isPassedOn(def *build.DefStmt, x build.Expr) bool {
	call, ok := x.(*build.CallExpr)
	if !ok || len(call.List) != 1 {
		return false
	}
	method, ok := call.X.(*build.DotExpr)
	if !ok || method.Name != "get" && method.Name != "pop" {
		return false
	}
	star, ok := method.X.(*build.Ident)
	return ok && isStarParameter(def, star.Name)
}

// block gives each call a problem whose chain has one.
func (p *plan) block() {
	first := map[int]*call{}
	for _, c := range p.w.calls() {
		if len(c.problems) > 0 && c.rule.role != archive {
			if root := p.chains.root(c.node); first[root] == nil {
				first[root] = c
			}
		}
	}
	for _, c := range p.w.calls() {
		cause := first[p.chains.root(c.node)]
		if cause != nil && len(c.problems) == 0 && c.rule.role != archive {
			c.belongs(cause)
		}
	}
	for _, c := range p.w.calls() {
		if key, ok := c.target(); c.rule.role == archive && (!ok || !p.layers[key] || !p.onlyLayers(c)) {
			delete(p.layers, key)
			if len(c.problems) == 0 {
				c.refuse("", "tar", "not only translated images use it", "no change is needed: image_layer takes it in tars")
			}
		}
	}
}

// onlyLayers reports whether all images that use a tar are translated.
func (p *plan) onlyLayers(tar *call) bool {
	key, _ := tar.target()
	for _, c := range p.w.calls() {
		if len(c.problems) > 0 && slices.ContainsFunc(c.refs, func(r reference) bool { return r.key == key }) {
			return false
		}
	}
	return true
}
