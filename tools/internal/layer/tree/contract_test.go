package tree

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The rules distinguish paths from globs as parsePattern does: metadata for a path goes to the one layer that has it.
func TestPatternsOfRules(t *testing.T) {
	type pattern struct {
		Pattern string
		Path    *string
	}
	for _, want := range contract.Cases[pattern](t, "patterns") {
		got, err := parsePattern(want.Pattern)
		if err != nil || (got.literal != "") != (want.Path != nil) || want.Path != nil && got.literal != *want.Path {
			t.Errorf("%q: got the path %q, %v; want %+v", want.Pattern, got.literal, err, want)
		}
	}
}
