package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// TestAttributes checks that what the cases want are calls of our rules with attributes that these have.
func TestAttributes(t *testing.T) {
	known := documented(t)
	cases, _ := filepath.Glob("testdata/*.txtar")
	calls := 0
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if !strings.HasPrefix(file.Name, "want/") {
				continue
			}
			calls += checkAttributes(t, name+": "+file.Name, file.Data, known)
		}
	}
	if calls < 40 {
		t.Errorf("only %d calls were checked", calls)
	}
}

// checkAttributes returns the number of calls of our rules in a file.
func checkAttributes(t *testing.T, name string, text []byte, known map[string]map[string]bool) int {
	t.Helper()
	f, err := model.Parse(name, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{"images.pull": "images.pull"}
	for _, load := range f.Loads {
		for i, from := range load.From {
			if strings.HasPrefix(load.Module.Value, "@rules_strata//") {
				ours[load.To[i].Name] = from.Name
			}
		}
	}
	calls := 0
	for _, c := range f.Calls {
		rule := ours[c.Kind()]
		if rule == "" {
			continue
		}
		calls++
		for _, a := range c.Attrs {
			if !known[rule][a.Name] && !slices.Contains(model.Common, a.Name) && !(rule == "image_test" && slices.Contains(model.CommonTest, a.Name)) {
				t.Errorf("%s: %s has no attribute %s", c.Where(), rule, a.Name)
			}
		}
	}
	return calls
}

// documented returns the attributes of each rule in docs/rules.md.
func documented(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string]bool{}
	for _, section := range regexp.MustCompile(`(?m)^####? `).Split(string(text), -1) {
		name, _, _ := strings.Cut(section, "\n")
		known[name] = map[string]bool{}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
			known[name][row[1]] = true
		}
	}
	// A macro, which passes on the attributes of both.
	if both := known["image_from_binary"]; both != nil {
		for _, rule := range []string{"image", "image_binary_layers", "image_index"} {
			maps.Copy(both, known[rule])
		}
	}
	return known
}
