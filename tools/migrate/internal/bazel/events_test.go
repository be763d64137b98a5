package bazel

import (
	"slices"
	"strings"
	"testing"
)

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
	if a := targets["//p:a"]; !a.Success || !slices.Equal(a.Groups["oci_layout"], []string{"/out/a b/oci-layout"}) {
		t.Errorf("a target: %v", a)
	}
	if b, ok := targets["//p:b"]; !ok || b.Success {
		t.Errorf("a failed target: %v", b)
	}
	if _, err := readEvents(strings.NewReader("{")); err == nil {
		t.Error("no error")
	}
}
