package auth

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// TestContract finds the credentials in the table that also tests the repository rules, which are in Starlark.
func TestContract(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("../../../../rules/tests/credential_cases.bzl"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), `json.decode(r"""`)
	table, _, _ = strings.Cut(table, `""")`)
	var cases []struct {
		Name, Registry, Repository string
		Files                      []map[string]json.RawMessage
		Want                       struct{ Auth, Username, Password string }
	}
	if err := json.Unmarshal([]byte(table), &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, test := range cases {
		store := new(Store)
		for i, auths := range test.Files {
			file, err := json.Marshal(map[string]any{"auths": auths})
			if err != nil {
				t.Fatal(err)
			}
			store.Files = append(store.Files, writeFile(t, fmt.Sprintf("%d.json", i), string(file)))
		}
		want := Credential{Username: test.Want.Username, Password: test.Want.Password}
		if test.Want.Auth != "" {
			if want, err = (entry{Auth: test.Want.Auth}).credential(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := store.Find(t.Context(), reference.Reference{Registry: test.Registry, Repository: test.Repository})
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", test.Name, open(got), err, open(want))
		}
	}
}
