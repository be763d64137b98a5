package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldens are the documents that the project's own tests compare with.
const goldens = "../../tools/internal/facts/sbom/testdata"

// Both formats of a document list the same packages.
func TestGoldens(t *testing.T) {
	for _, name := range []string{"image", "index"} {
		spdx, err := check(read(t, name+".spdx.json"))
		if err != nil {
			t.Errorf("%s, SPDX: %v", name, err)
		}
		cycloneDX, err := check(read(t, name+".cdx.json"))
		if err != nil {
			t.Errorf("%s, CycloneDX: %v", name, err)
		}
		if len(spdx) < 8 || !slices.Equal(spdx, cycloneDX) {
			t.Errorf("%s: SPDX has\n%s\nCycloneDX has\n%s", name, strings.Join(spdx, "\n"), strings.Join(cycloneDX, "\n"))
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldens, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What is wrong is found: the checks are checks.
func TestRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, from, to, want string }{
		{"SPDX, purpose", "image.spdx.json", `"CONTAINER"`, `"IMAGE"`, "primaryPackagePurpose"},
		{"SPDX, relationship", "image.spdx.json", `"relatedSpdxElement":"SPDXRef-`, `"relatedSpdxElement":"SPDXRef-x`, "does not exist"},
		{"CycloneDX, type", "image.cdx.json", `"type":"library"`, `"type":"package"`, "components"},
		{"CycloneDX, aggregate", "image.cdx.json", `"aggregate":"incomplete"`, `"aggregate":"partial"`, "aggregate"},
		{"CycloneDX, reference", "image.cdx.json", `"ref":"pkg:`, `"ref":"pkg:x`, "does not exist"},
		{"other", "image.table.json", "", "", "neither"},
	} {
		text := strings.ReplaceAll(string(read(t, c.file)), c.from, c.to)
		if c.from == "" {
			text = string(read(t, c.file))
		}
		if _, err := check([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
