package reference

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The names that the rules treat as full names of images are full names: Parse adds nothing.
func TestReferencesOfRules(t *testing.T) {
	type name struct {
		Reference  string
		Repository *string
	}
	for _, want := range contract.Cases[name](t, "references") {
		got, err := Parse(want.Reference)
		full := err == nil && got.Digest != "" && got.String() == want.Reference
		if full != (want.Repository != nil) || full && got.Name() != *want.Repository {
			t.Errorf("%s: got %s, %v", want.Reference, got, err)
		}
	}
}

func TestHostsOfRules(t *testing.T) {
	type place struct{ Registry, Host string }
	for _, want := range contract.Cases[place](t, "hosts") {
		if got := APIHost(want.Registry); got != want.Host {
			t.Errorf("%s: got %s, want %s", want.Registry, got, want.Host)
		}
	}
}
