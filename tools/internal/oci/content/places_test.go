package content_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func named(data string) oci.Descriptor {
	return oci.Descriptor{MediaType: "text/plain", Digest: digest.FromBytes([]byte(data)), Size: int64(len(data))}
}

// Blobs are read where they are: in a directory, or in the middle of an archive, whose size is not theirs.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	first, second, gone := named("first"), named("second"), named("gone")
	source := filepath.Join(dir, "source")
	imagetest.WriteFile(t, source, []byte("..second..first"))
	places := content.Places{first.Digest: {Offset: 10}, second.Digest: {Offset: 2}, gone.Digest: {Offset: 14}}
	if err := places.Write(dir); err != nil {
		t.Fatal(err)
	}
	files := new(content.Files)
	if err := files.AddStored(dir, source); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"first": "", "second": "", "gone": "ends after 1 of the promised 4 bytes", "other": "not found"} {
		for _, copyBlob := range []func(*strings.Builder) error{
			func(b *strings.Builder) error { return content.Copy(t.Context(), b, files, named(text)) },
			func(b *strings.Builder) error { return content.CopyFast(t.Context(), b, files, named(text)) },
		} {
			var b strings.Builder
			err := copyBlob(&b)
			if want == "" && (err != nil || b.String() != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: %q, %v", text, &b, err)
			}
		}
	}
	if err := os.Remove(source); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Open(t.Context(), first); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing source: %v", err)
	}
	if err := new(content.Files).AddStored(dir, ""); err == nil || !strings.Contains(err.Error(), "is not named") {
		t.Errorf("no source: %v", err)
	}
}

func addPlaces(t testing.TB, text string) error {
	dir := t.TempDir()
	imagetest.WriteFile(t, filepath.Join(dir, "places.json"), []byte(text))
	return new(content.Files).AddStored(dir, dir)
}

func TestPlacesRefusals(t *testing.T) {
	key := `{"sha256:` + strings.Repeat("0", 64) + `":`
	for text, want := range map[string]string{
		key + `{"path":"a/b"}}`:                "",
		key + `{"path":"../a"}}`:               "invalid place",
		key + `{"path":"/a"}}`:                 "invalid place",
		key + `{"offset":-1}}`:                 "invalid place",
		key + `{"path":"a","offset":1}}`:       "invalid place",
		`{"sha256:0":{}}`:                      "digest",
		key:                                    "places.json: ",
		strings.Repeat(" ", oci.MaxDocument+1): "more than",
	} {
		err := addPlaces(t, text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.100s: %v, want %q", text, err, want)
		}
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add(`{"sha256:`+strings.Repeat("0", 64)+`":{"offset":9223372036854775807}}`, int64(9))
	f.Fuzz(func(t *testing.T, text string, size int64) {
		dir := t.TempDir()
		imagetest.WriteFile(t, filepath.Join(dir, "places.json"), []byte(text))
		files := new(content.Files)
		if files.AddStored(dir, dir) != nil {
			return
		}
		d := named("")
		d.Size, d.Digest = size, digest.Digest("sha256:"+strings.Repeat("0", 64))
		if r, err := files.Open(t.Context(), d); err == nil {
			r.Close()
		}
	})
}
