package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
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

// TestEvents reads what Bazel reports of a build: sets of files precede the targets that have them, and may share others.
func TestEvents(t *testing.T) {
	const text = `{"id": {"namedSet": {"id": "0"}}, "namedSetOfFiles": {"files": [{"uri": "file:///out/a%20b/oci-layout"}, {"uri": "bytestream://cache/1"}]}}
{"id": {"namedSet": {"id": "1"}}, "namedSetOfFiles": {"fileSets": [{"id": "0"}, {"id": "0"}]}}
{"id": {"targetCompleted": {"label": "@@//p:a"}}, "completed": {"success": true, "outputGroup": [{"name": "oci_layout", "fileSets": [{"id": "1"}]}]}}
{"id": {"targetCompleted": {"label": "//p:b"}}, "aborted": {"reason": "ANALYSIS_FAILURE"}}`
	targets, err := readEvents(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := place(targets["//p:a"], built{}); got != "/out/a b" {
		t.Errorf("place %q", got)
	}
	if b, ok := targets["//p:b"]; !ok || b.success || place(b, built{success: true, groups: map[string][]string{"default": {"/b.tar"}}}) != "/b.tar" {
		t.Errorf("a failed target: %v", b)
	}
	if _, err := readEvents(strings.NewReader("{")); err == nil {
		t.Error("no error")
	}
}
