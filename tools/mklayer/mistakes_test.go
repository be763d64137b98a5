package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMistakes makes the mistakes that docs/layers.md shows, and compares the messages with those on the page. In the
// script, "documented" checks one message.
func TestMistakes(t *testing.T) {
	page, err := os.ReadFile(filepath.FromSlash("../../docs/layers.md"))
	if err != nil {
		t.Fatal(err)
	}
	var shown, made []string
	// A continuation line is indented by two more.
	for _, match := range regexp.MustCompile(`(?m)^    (mklayer: .*(?:\n      .*)*)$`).FindAllSubmatch(page, -1) {
		shown = append(shown, strings.ReplaceAll(string(match[1]), "\n      ", " "))
	}
	documented := func(ts *testscript.TestScript, _ bool, _ []string) {
		said, _, _ := strings.Cut(ts.ReadFile("stderr"), "\n")
		if !slices.Contains(shown, said) {
			ts.Fatalf("docs/layers.md has no line %q", said)
		}
		made = append(made, said)
	}
	t.Run("all", func(t *testing.T) { // ends when the script does, which runs in parallel
		testscript.Run(t, testscript.Params{
			Files: []string{"testdata/mistakes/script.txtar"},
			Cmds:  map[string]func(*testscript.TestScript, bool, []string){"documented": documented},
		})
	})
	for _, line := range shown {
		if !slices.Contains(made, line) {
			t.Errorf("docs/layers.md shows %q, but no mistake of the script causes it", line)
		}
	}
}
