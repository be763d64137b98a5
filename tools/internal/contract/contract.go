// Package contract gives Go's tests the cases of rules/tests/contract.bzl: what both Starlark and Go decide. The tests of
// the rules check the same cases, so neither side can change alone.
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const file = "rules/tests/contract.bzl"

// Cases returns the cases of the contract with the name, each decoded into a T.
func Cases[T any](t testing.TB, name string) []T {
	t.Helper()
	text, err := read()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(text, `r"""`)
	document, _, _ := strings.Cut(rest, `"""`)
	document = strings.ReplaceAll(document, "DIGEST", strings.Repeat("0123456789abcdef", 4))
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(document), &all); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var cases []T
	decoder := json.NewDecoder(bytes.NewReader(all[name]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&cases); err != nil || len(cases) == 0 {
		t.Fatalf("%s: %s: %d cases, %v", file, name, len(cases), err)
	}
	return cases
}

// read returns the text of the file, which lies below one of the directories around the test.
func read() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return string(text), err
		}
	}
}
