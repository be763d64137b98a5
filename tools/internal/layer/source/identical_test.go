package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

func TestIdentical(t *testing.T) {
	dir := t.TempDir()
	var files []*tree.Entry
	for _, f := range []struct{ name, text string }{
		{"a", "one"}, {"b", "two"}, {"c", "one"}, {"d", "other"}, {"e", ""}, {"f", ""}, {"g", "two"},
	} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, []byte(f.text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, &tree.Entry{Path: "/" + f.name, Content: File(path)})
	}
	files = append(files, &tree.Entry{Path: "/empty"})
	if err := Identical(files); err != nil {
		t.Fatal(err)
	}
	groups := make(map[any]string)
	for _, e := range files {
		groups[e.Inode] += e.Path
	}
	want := []string{"/a/c", "/b/g", "/d/e/f/empty"}
	if len(groups) != len(want) || groups[nil] != want[2] || groups[files[0].Inode] != want[0] ||
		groups[files[1].Inode] != want[1] {
		t.Errorf("got %v, want %v", groups, want)
	}
	files = append(files, &tree.Entry{Path: "/gone", Content: File(filepath.Join(dir, "gone"))})
	if err := Identical(files); err == nil || !strings.HasPrefix(err.Error(), "/gone: open ") {
		t.Errorf("got %v", err)
	}
}
