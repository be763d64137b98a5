package verify

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
)

// TestDifferences reads what "image diff --json" prints.
func TestDifferences(t *testing.T) {
	const text = `{"manifest": {"key": "manifest", "before": "a", "after": "b"},
		"config": [{"key": "User", "after": "7"}, {"key": "Cmd", "before": "a", "after": "b"}],
		"layers": [{"change": "added", "digest": "sha256:1", "size": 1}],
		"files": [
			{"path": "/a", "change": "removed"}, {"path": "/b\n", "change": "added"},
			{"path": "/c", "change": "changed", "details": [{"key": "time", "before": "1", "after": "2"}]},
			{"path": "/d", "change": "changed", "details": [{"key": "mode", "before": "0", "after": "1"}, {"key": "time", "before": "1", "after": "2"}]}]}`
	var d differences
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	lines, times := d.lines()
	want := []string{
		`config User: only after: 7`, `config Cmd: a, after: b`, `file "/a": only before`, `file "/b\n": only after`,
		`file "/d": mode: 0, after: 1`, `file "/d": time: 1, after: 2`,
	}
	if !slices.Equal(lines, want) || times != 1 {
		t.Errorf("%d times, lines\n%s", times, strings.Join(lines, "\n"))
	}
}

// TestPlace finds images among the outputs of targets.
func TestPlace(t *testing.T) {
	image := bazel.Target{Success: true, Groups: map[string][]string{"oci_layout": {"/out/a b/index.json", "/out/a b/oci-layout"}}}
	archive := bazel.Target{Success: true, Groups: map[string][]string{"default": {"/b.tar"}}}
	for _, test := range []struct {
		image, archive bazel.Target
		want           string
	}{
		{image, bazel.Target{}, "/out/a b"},
		{image, archive, "/out/a b"},
		{bazel.Target{}, archive, "/b.tar"},
		{bazel.Target{Groups: image.Groups}, bazel.Target{Groups: archive.Groups}, ""},
	} {
		if got := place(test.image, test.archive); got != test.want {
			t.Errorf("place(%v, %v) is %q, not %q", test.image, test.archive, got, test.want)
		}
	}
}
