package engine

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// hugeImage returns an image with a layer that is large enough for a directory.
func hugeImage(t *testing.T) Image {
	t.Helper()
	store := imagetest.Store{}
	large := store.Add(oci.MediaTypeLayer, bytes.Repeat([]byte("x"), minPull))
	config := store.AddJSON(t, oci.MediaTypeConfig, map[string]any{
		"os": "linux", "architecture": "amd64",
		"rootfs": oci.RootFS{Type: "layers", DiffIDs: []digest.Digest{large.Digest}},
	})
	root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: []oci.Descriptor{large},
	})
	image := named(t, store, root, "localhost/app:v1")
	more, err := reference.Parse("localhost/app:v2")
	if err != nil {
		t.Fatal(err)
	}
	image.Names = append(image.Names, more)
	return image
}

// inFiles returns the image with each blob in a file.
func inFiles(t *testing.T, image Image) Image {
	t.Helper()
	files := new(content.Files)
	dir := t.TempDir()
	for d, data := range image.Source.(imagetest.Store) {
		path := filepath.Join(dir, d.Encoded())
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		files.Add(d, path)
	}
	image.Source = files
	return image
}

// Podman on this machine gets a directory, whether the blobs are files or not, and then all names. Podman elsewhere, and one
// that cannot read the directory, get an archive.
func TestPull(t *testing.T) {
	for name, test := range map[string]struct {
		podman string
		image  func(*testing.T, Image) Image
		called string
	}{
		"files":     {"linux/amd64 false", inFiles, "pull"},
		"elsewhere": {"linux/amd64 false", func(_ *testing.T, i Image) Image { return i }, "pull"},
		"remote":    {"linux/amd64 true", inFiles, "load"},
		"older":     {"linux/amd64", inFiles, "load"},
		"failing":   {enginetest.BlindPull, inFiles, "load"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FAKE_STORE", t.TempDir())
			t.Setenv("TMPDIR", t.TempDir())
			install(t, "podman", test.podman)
			e, err := Find(t.Context(), Choice{Name: "podman"})
			if err != nil {
				t.Fatal(err)
			}
			image := test.image(t, hugeImage(t))
			if err := e.Load(t.Context(), image, func(Plan) {}); err != nil {
				t.Fatal(err)
			}
			store := os.Getenv("FAKE_STORE")
			for _, name := range image.Names {
				if !isIn(t, filepath.Join(store, "podman.json"), name.String()) {
					t.Errorf("podman has no %s", name)
				}
			}
			if _, err := os.Stat(filepath.Join(store, "podman."+test.called)); err != nil {
				t.Errorf("podman %s was not called", test.called)
			}
			if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
				t.Errorf("%s is left behind", left[0])
			}
		})
	}
}
