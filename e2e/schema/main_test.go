package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

const (
	config   = `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}`
	manifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":CONFIG,"layers":[LAYER]}`
	layer    = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"` +
		`sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef","size":1024}`
)

// write makes a layout with one image in it; the blob of the layer is not needed.
func write(t *testing.T, header, config, manifest string) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	blob := func(mediaType, text string) string {
		t.Helper()
		d := digest.FromString(text)
		put(filepath.Join("blobs", "sha256", d.Encoded()), text)
		return `{"mediaType":"` + mediaType + `","digest":"` + d.String() + `","size":1}`
	}
	c := blob("application/vnd.oci.image.config.v1+json", config)
	m := blob("application/vnd.oci.image.manifest.v1+json", strings.ReplaceAll(manifest, "CONFIG", c))
	put("oci-layout", header)
	put("index.json", `{"schemaVersion":2,"manifests":[`+m+`]}`)
	return dir
}

func TestRead(t *testing.T) {
	const header = `{"imageLayoutVersion":"1.0.0"}`
	good := strings.ReplaceAll(manifest, "LAYER", layer)
	tests := []struct {
		name, header, config, manifest string
		want                           string // part of the only refusal, or empty
	}{
		{"good", header, config, good, ""},
		{"header", `{}`, config, good, "oci-layout: "},
		{"config", header, `{"architecture":"amd64"}`, good, "missing properties: 'os', 'rootfs'"},
		{"manifest", header, config, strings.ReplaceAll(good, `"schemaVersion":2`, `"schemaVersion":3`), "schemaVersion"},
		{"layer", header, config, strings.ReplaceAll(good, `sha256:5f70`, `sha256:`), "descriptor "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := read(write(t, tt.header, tt.config, tt.manifest))
			if l.checked != 4 {
				t.Errorf("checked %d documents, want 4", l.checked)
			}
			got := strings.Join(l.refused, "\n")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("refused:\n%s\nwant %q", got, tt.want)
			}
		})
	}
}

func TestReadNothing(t *testing.T) {
	if l := read(t.TempDir()); len(l.refused) != 2 {
		t.Errorf("an empty directory: refused %q, want two documents", l.refused)
	}
}
