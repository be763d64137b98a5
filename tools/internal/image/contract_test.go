package image

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The rules leave those dollars in env that this package expands.
func TestExpandOfRules(t *testing.T) {
	type text struct {
		Text, Value string
		Env, Final  *string
	}
	home := func(name string) (string, bool) { return "/root", name == "HOME" }
	for _, want := range contract.Cases[text](t, "dollars") {
		if want.Env == nil {
			continue // rejected by the rules
		}
		got, err := expand(*want.Env, home)
		if (err == nil) != (want.Final != nil) || err == nil && got != *want.Final {
			t.Errorf("%q: got %q, %v", *want.Env, got, err)
		}
	}
}
