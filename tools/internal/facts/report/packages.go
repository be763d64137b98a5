package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Package is a package of the image. Package sbom has the definitions.
type Package struct {
	PURL    string `json:"purl"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// License is an SPDX expression, or empty if no metadata states one.
	License string `json:"license,omitempty"`
	// Layers are the numbers of the layers that brought it. A package that only the build graph states may have none.
	Layers []int `json:"layers,omitempty"`
	// Targets are those that brought it.
	Targets []string `json:"targets,omitempty"`
}

// setPackages fills in the packages from a table, which may be nil.
func (r *Report) setPackages(table *sbom.Document) {
	if table == nil {
		return
	}
	numbers := make(map[digest.Digest]int)
	for _, l := range r.Layers {
		if numbers[l.Digest] == 0 {
			numbers[l.Digest] = l.Number
		}
	}
	r.PackagesUnknown = table.Incomplete
	r.Packages = []Package{}
	for _, c := range table.Components {
		p := Package{PURL: c.PURL, Name: c.FullName(), Version: c.Version, License: c.License}
		layers, targets := make(map[int]bool), make(map[string]bool)
		for _, place := range c.Places {
			if n := numbers[place.Layer]; n > 0 {
				layers[n] = true
			}
			if target := cmp.Or(place.Origin, place.Label); target != "" {
				targets[target] = true
			}
		}
		p.Layers, p.Targets = slices.Sorted(maps.Keys(layers)), slices.Sorted(maps.Keys(targets))
		r.Packages = append(r.Packages, p)
	}
	slices.SortStableFunc(r.Packages, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.PURL, b.PURL))
	})
}
