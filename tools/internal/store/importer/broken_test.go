package importer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// The error names all missing layers.
func TestMissingLayers(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b", "c")
	m := store.Manifest(t, root)
	dir := saveLayout(t, store, root)
	var want []string
	for _, n := range []int{0, 2} {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(layout.BlobPath(m.Layers[n].Digest)))); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s: layer %d of 3: %s: blob not found", dir, n+1, m.Layers[n].Digest))
	}
	image, err := choose(t, dir, importer.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if err := image.Verify(ctx); err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRefuses(t *testing.T) {
	file := func(name, data string) imagetest.File { return imagetest.File{Name: name, Data: data} }
	empty := file("index.json", `{"schemaVersion":2,"manifests":[]}`)
	tests := []struct {
		name  string
		files []imagetest.File
		want  string
	}{
		{"other tar", []imagetest.File{file("x", "")},
			`not an image archive: it has neither "oci-layout" nor "manifest.json"`},
		{"no image", []imagetest.File{file("oci-layout", layout.Marker), empty}, "contains no image"},
		{"no image in manifest.json", []imagetest.File{file("manifest.json", "[]")}, "contains no image"},
		{"damaged layout",
			[]imagetest.File{file("oci-layout", layout.Marker), file("index.json", "{"), file("manifest.json", "[]")},
			"index.json: unexpected EOF"},
		{"damaged manifest.json", []imagetest.File{file("manifest.json", "[{]")},
			"manifest.json: invalid character ']' looking for beginning of object key string"},
	}
	for _, test := range tests {
		path := save(t, imagetest.Tar(t, test.files...))
		if _, err := importer.Open(ctx, path, ""); err == nil || err.Error() != path+": "+test.want {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
	dir := t.TempDir()
	want := dir + `: not an OCI image layout: no file "oci-layout"`
	if _, err := importer.Open(ctx, dir, ""); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := importer.Open(ctx, filepath.Join(dir, "none"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := importer.Open(ctx, save(t, []byte("text")), ""); err == nil ||
		!strings.Contains(err.Error(), "not a tar archive") {
		t.Errorf("error %v", err)
	}
}

// Each way to break an image is reported with the name of the broken blob, and leaves no directory of layers.
func TestBrokenImages(t *testing.T) {
	tests := []struct {
		name string
		// spoil breaks the image and returns its new root and the expected end of the error.
		spoil func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string)
	}{
		{"changed layer", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			d := m.Layers[1].Digest
			store[d] = bytes.ToUpper(store[d])
			return root, fmt.Sprintf("layer 2 of 2: %s: content has the digest %s", d, digest.FromBytes(store[d]))
		}},
		{"short layer", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			d := m.Layers[0].Digest
			store[d] = store[d][:9]
			return root, fmt.Sprintf("layer 1 of 2: %s: content ends after 9 of the promised 2048 bytes", d)
		}},
		{"missing layer", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			delete(store, m.Layers[0].Digest)
			return root, fmt.Sprintf("layer 1 of 2: %s: blob not found", m.Layers[0].Digest)
		}},
		{"changed config", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			d := m.Config.Digest
			store[d] = bytes.ToUpper(store[d])
			return root, fmt.Sprintf("config: %s: content has the digest %s", d, digest.FromBytes(store[d]))
		}},
		{"missing manifest", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			delete(store, root.Digest)
			return root, fmt.Sprintf("manifest: %s: blob not found", root.Digest)
		}},
		{"manifest not JSON", func(store imagetest.Store, _ descriptor, m oci.Manifest) (descriptor, string) {
			root := store.Add(oci.MediaTypeManifest, []byte("{"))
			return root, fmt.Sprintf("manifest %s: unexpected EOF", root.Digest)
		}},
		{"other media type", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			root.MediaType = oci.DockerMediaTypeManifest
			return root, fmt.Sprintf("manifest %s: mediaType %q, but its descriptor has %q",
				root.Digest, oci.MediaTypeManifest, oci.DockerMediaTypeManifest)
		}},
		{"index not JSON", func(store imagetest.Store, _ descriptor, m oci.Manifest) (descriptor, string) {
			root := store.Add(oci.MediaTypeIndex, []byte("{"))
			return root, fmt.Sprintf("index %s: unexpected EOF", root.Digest)
		}},
		{"missing index", func(store imagetest.Store, _ descriptor, m oci.Manifest) (descriptor, string) {
			root := store.Add(oci.MediaTypeIndex, []byte("[]"))
			delete(store, root.Digest)
			return root, fmt.Sprintf("index: %s: blob not found", root.Digest)
		}},
		{"fewer diff_ids", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			m.Config = store.Add(oci.MediaTypeConfig, []byte(`{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}`))
			return addManifest(store, m), "the manifest has 2 layers, but the config has 0 diff_ids"
		}},
		{"bad diff_id", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			m.Layers = m.Layers[:1]
			m.Config = store.Add(oci.MediaTypeConfig, []byte(`{"rootfs":{"diff_ids":["sha256:1"]}}`))
			return addManifest(store, m), `config: diff_ids: digest "sha256:1": invalid checksum digest length`
		}},
		{"config not JSON", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			m.Config = store.Add(oci.MediaTypeConfig, []byte("{"))
			root = addManifest(store, m)
			root.Platform = &oci.Platform{OS: "linux", Architecture: "amd64"}
			return root, "config: unexpected EOF"
		}},
		{"artifact with a platform", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			m.Config.MediaType = "application/vnd.example"
			root = addManifest(store, m)
			root.Platform = &oci.Platform{OS: "linux", Architecture: "amd64"}
			return root, `not a container image: its config is of type "application/vnd.example"`
		}},
		{"large manifest", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			root.Size = 1 << 40
			return root, fmt.Sprintf("%s: document of 1099511627776 bytes, the limit is 8388608", root.Digest)
		}},
		{"negative layer", func(store imagetest.Store, root descriptor, m oci.Manifest) (descriptor, string) {
			m.Layers[0].Size = -1
			return addManifest(store, m), "layer 1 of 2: " + m.Layers[0].Digest.String() + ": size -1 is negative"
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := make(imagetest.Store)
			root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a", "b")
			root, want := test.spoil(store, root, store.Manifest(t, root))
			index, err := layout.Index(root, nil)
			if err != nil {
				t.Fatal(err)
			}
			files := []imagetest.File{{Name: "oci-layout", Data: layout.Marker}, {Name: "index.json", Data: string(index)}}
			for d, data := range store {
				files = append(files, imagetest.File{Name: layout.BlobPath(d), Data: string(data)})
			}
			parent := t.TempDir()
			image, err := choose(t, save(t, imagetest.Tar(t, files...)), importer.Choice{})
			if err == nil {
				if err := image.Verify(ctx); err == nil || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("Verify: error %v, want %s", err, want)
				}
				err = image.WriteLayers(ctx, filepath.Join(parent, "blobs"))
			}
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("error %v\nwant %s", err, want)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
}

// addManifest adds a manifest without a platform.
func addManifest(store imagetest.Store, m oci.Manifest) oci.Descriptor {
	data, err := oci.Marshal(m)
	if err != nil {
		panic(err)
	}
	return store.Add(oci.MediaTypeManifest, data)
}

func TestDeepIndex(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	for range 8 {
		root = store.AddIndex(t, root)
	}
	dir := saveLayout(t, store, root)
	if _, err := choose(t, dir, importer.Choice{}); err != nil {
		t.Error(err)
	}
	index, err := layout.Index(store.AddIndex(t, root), nil)
	if err != nil {
		t.Fatal(err)
	}
	store.WriteFiles(t, filepath.Join(dir, "blobs"))
	imagetest.WriteFile(t, filepath.Join(dir, "index.json"), index)
	if _, err := choose(t, dir, importer.Choice{}); err == nil ||
		!strings.HasSuffix(err.Error(), ": indexes nest more than 8 deep") {
		t.Errorf("error %v", err)
	}
}

func TestCancelled(t *testing.T) {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	layer := imagetest.Tar(t, imagetest.File{Name: "a"})
	path := save(t, dockerArchive(t, nil, layer))
	store, err := importer.Open(ctx, path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Choose(cancelled, importer.Choice{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
