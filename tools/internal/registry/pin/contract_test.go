package pin

import (
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// An image has the same platforms by default, whether it is pulled or locked.
func TestDefaultOfRules(t *testing.T) {
	var got []string
	for _, platform := range Default {
		got = append(got, oci.FormatPlatform(platform))
	}
	if want := contract.Cases[string](t, "default_platforms"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
