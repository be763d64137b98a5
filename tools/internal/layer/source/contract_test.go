package source

import (
	"maps"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// Programs are recognised for every architecture that the rules can build an image for.
func TestArchitecturesOfRules(t *testing.T) {
	type variant struct{ Architecture, Implied string }
	known := slices.Collect(maps.Values(architectures))
	for _, want := range contract.Cases[variant](t, "variants") {
		if !slices.Contains(known, want.Architecture) {
			t.Errorf("%s is not among %q", want.Architecture, known)
		}
	}
}
