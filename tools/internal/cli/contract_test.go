package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The rules escape keys as SplitPair reads them.
func TestPairsOfRules(t *testing.T) {
	type pair struct{ Key, Escaped string }
	for _, want := range contract.Cases[pair](t, "pairs") {
		key, value, err := SplitPair(want.Escaped + `=a=\b`)
		if key != want.Key || value != `a=\b` || err != nil {
			t.Errorf("%q: got %q, %q, %v; want %q", want.Escaped, key, value, err, want.Key)
		}
	}
}

// Bazel writes arguments as Arguments reads them.
func TestArgumentsOfRules(t *testing.T) {
	type argument struct{ Argument, Written string }
	var file strings.Builder
	var all []string
	for _, want := range contract.Cases[argument](t, "arguments") {
		if got, err := Arguments(want.Written + "\n"); err != nil || !slices.Equal(got, []string{want.Argument}) {
			t.Errorf("%q: got %q, %v; want %q", want.Written, got, err, want.Argument)
		}
		file.WriteString(want.Written + "\n")
		all = append(all, want.Argument)
	}
	if got, err := Arguments(file.String()); err != nil || !slices.Equal(got, all) {
		t.Errorf("in one file: got %q, %v; want %q", got, err, all)
	}
}
