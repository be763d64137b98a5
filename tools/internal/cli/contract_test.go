package cli

import (
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
