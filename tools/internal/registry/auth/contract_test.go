package auth

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// The rules, which fetch base images, and the tools find the same credential.
func TestCredentialsOfRules(t *testing.T) {
	type credential struct {
		Auths                json.RawMessage
		Registry, Repository string
		Key                  *string
	}
	for _, c := range contract.Cases[credential](t, "credentials") {
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(path, slices.Concat([]byte(`{"auths":`), c.Auths, []byte("}")), 0o600); err != nil {
			t.Fatal(err)
		}
		var auths map[string]entry
		err := json.Unmarshal(c.Auths, &auths)
		var want Credential
		if err == nil && c.Key != nil {
			want, err = auths[*c.Key].credential()
		}
		if err != nil {
			t.Fatal(err)
		}
		store := Store{Files: []string{path}}
		got, err := store.Find(t.Context(), reference.Reference{Registry: c.Registry, Repository: c.Repository})
		if got != want || err != nil {
			t.Errorf("%s for %s/%s: got user %q, %v; want %q", c.Auths, c.Registry, c.Repository, got.Username, err, want.Username)
		}
	}
}

func TestFilesOfRules(t *testing.T) {
	type files struct {
		Environment map[string]string
		Files       []string
	}
	for _, want := range contract.Cases[files](t, "credential_files") {
		getenv := func(name string) string { return want.Environment[name] }
		if got := defaultFiles(getenv, want.Environment["HOME"], 1000); !slices.Equal(got, want.Files) {
			t.Errorf("%v: got %q, want %q", want.Environment, got, want.Files)
		}
	}
}
