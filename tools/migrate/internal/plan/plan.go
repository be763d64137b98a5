// Package plan decides which calls are translated: whole chains of targets or nothing. All calls are translated in memory first,
// and those that have a problem keep their chains.
package plan

import (
	"slices"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/boundary"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/chain"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/index"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/plan/uses"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/attr"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/rules/kwargs"
)

// Plan decides which calls are translated.
type Plan struct {
	w        *model.Workspace
	chains   *chain.Chains
	Boundary *boundary.Boundary
	uses     *uses.Uses
	// listedRefs are the uses of labels in expressions of .bzl files by calls that read the list.
	listedRefs []boundary.UnknownLink
	// layers has the keys of tars that become layers.
	layers map[string]bool
}

// New translates all calls in memory, and finds out which of them stay.
func New(w *model.Workspace) *Plan {
	index.Targets(w)
	p := &Plan{w: w, chains: chain.New(w), Boundary: boundary.New(w), layers: map[string]bool{}}
	p.uses = uses.New(w, p.chains, p.Boundary)
	calls := w.Calls()
	for _, c := range calls {
		p.chains.Enter(c)
		if !c.File.Chosen {
			c.Refuse("", "not-chosen", "the file is not among those to translate", "name "+c.File.Name+" too")
		}
		attr.Translate(c)
		if c.Star != "" && !c.Rule.Stays() && c.Rule.To != "" {
			kwargs.Check(c)
		}
	}
	for _, c := range calls {
		for i := range c.Refs {
			p.resolve(c, &c.Refs[i])
		}
		p.resolveProbes(c)
		if c.Rule.Complete != nil && len(c.Problems) == 0 {
			c.Rule.Complete(c)
		}
	}
	p.linkListed()
	p.uses.Find()
	p.findLayers()
	p.block()
	for p.Boundary.Spread() || p.refuseNested() {
		p.block()
	}
	return p
}

// refuseNested finds calls in expressions that need another target. It reports whether there are new ones, which may keep
// further tars from becoming layers.
func (p *Plan) refuseNested() bool {
	found := false
	for _, c := range p.w.Calls() {
		if p.Boundary.IsNeeded(c) && c.Translated() && !c.Alone {
			c.RefuseNested()
			found = true
		}
	}
	return found
}

// block gives each call a problem whose chain has one.
func (p *Plan) block() {
	first := map[int]*model.Call{}
	for _, c := range p.w.Calls() {
		if len(c.Problems) > 0 && c.Rule.Role != model.Archive {
			if root := p.chains.Root(c.Node); first[root] == nil {
				first[root] = c
			}
		}
	}
	for _, c := range p.w.Calls() {
		cause := first[p.chains.Root(c.Node)]
		if cause != nil && len(c.Problems) == 0 && c.Rule.Role != model.Archive {
			c.Belongs(cause)
		}
	}
	for _, c := range p.w.Calls() {
		if key, ok := c.Target(); c.Rule.Role == model.Archive && (!ok || !p.layers[key] || !p.onlyLayers(c)) {
			delete(p.layers, key)
			if len(c.Problems) == 0 {
				c.Refuse("", "tar", "not only translated images use it", "no change is needed: image_layer takes it in tars")
			}
		}
	}
}

// onlyLayers reports whether all images that use a tar are translated.
func (p *Plan) onlyLayers(tar *model.Call) bool {
	key, _ := tar.Target()
	for _, c := range p.w.Calls() {
		if len(c.Problems) > 0 && slices.ContainsFunc(c.Refs, func(r model.Reference) bool { return r.Key == key }) {
			return false
		}
	}
	return true
}

// findLayers finds the tars that can become layers: those in BUILD files that at least one image uses.
func (p *Plan) findLayers() {
	for _, c := range p.w.Calls() {
		if c.Rule.To != "image" {
			continue
		}
		for _, ref := range c.Refs {
			target := p.w.Targets[ref.Key]
			if ref.Attr == "tars" && target != nil && target.Rule.Role == model.Archive && target.Rule.To != "" && len(target.Problems) == 0 &&
				target.File.IsBuild() && target.Scope == nil {
				p.layers[ref.Key] = true
			}
		}
	}
}
