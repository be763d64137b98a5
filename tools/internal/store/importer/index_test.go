package importer_test

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// chooseIndex opens the store at path and chooses an index.
func chooseIndex(t *testing.T, path, name string) (*importer.Index, error) {
	t.Helper()
	store, err := importer.Open(ctx, path, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store.ChooseIndex(ctx, name)
}

// platforms parses names of platforms.
func platforms(t *testing.T, names ...string) []oci.Platform {
	t.Helper()
	var all []oci.Platform
	for _, name := range names {
		p, err := oci.ParsePlatform(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// written returns the names of the files below dir/sha256, and fails if their contents have other digests.
func written(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "sha256"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, "sha256", entry.Name()))
		if err != nil || digest.FromBytes(data).Encoded() != entry.Name() {
			t.Errorf("%s: %v, contents %q", entry.Name(), err, data)
		}
		names = append(names, entry.Name())
	}
	return names
}

// An index is imported byte for byte, with everything that it lists except the images that are imported on their own.
func TestIndex(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "shared")
	arm := store.AddImage(t, "linux/arm/v7", oci.Gzip, "b", "shared")
	attestation := store.AddImage(t, "unknown/unknown", oci.Gzip, "attestation")
	attestation.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	root := store.AddIndex(t, amd, arm, attestation)
	m, statement := store.Manifest(t, arm), store.Manifest(t, attestation)
	for form, path := range map[string]string{
		"layout":  saveLayout(t, store, root, "localhost/a:v1"),
		"archive": saveArchive(t, store, root, "localhost/a:v1"),
		"packed":  save(t, imagetest.Pack(t, oci.Gzip, read(t, saveArchive(t, store, root, "localhost/a:v1")))),
	} {
		for _, name := range []string{"", "localhost/a:v1", "v1", root.Digest.String()} {
			index, err := chooseIndex(t, path, name)
			if err != nil {
				t.Errorf("%s %q: %v", form, name, err)
				continue
			}
			if index.Descriptor.Digest != root.Digest || !bytes.Equal(index.Document, store[root.Digest]) {
				t.Errorf("%s %q: %+v, %s", form, name, index.Descriptor, index.Document)
			}
			except, err := index.Images(ctx, platforms(t, "linux/amd64"))
			if err != nil || len(except) != 1 || except[0].Digest != amd.Digest {
				t.Errorf("%s: images %+v, %v", form, except, err)
			}
			dir := filepath.Join(t.TempDir(), "blobs")
			if err := index.WriteBlobs(ctx, dir, except); err != nil {
				t.Errorf("%s: %v", form, err)
			}
			want := append(append([]oci.Descriptor{arm, attestation, m.Config, statement.Config}, m.Layers...), statement.Layers...)
			got := stored(t, path, dir, slices.Concat(want, except, store.Manifest(t, amd).Layers[:1]))
			if !maps.Equal(got, blobs(store, want)) {
				t.Errorf("%s: blobs %q", form, slices.Sorted(maps.Keys(got)))
			}
			if copied := len(written(t, dir)); copied > 0 != (form == "packed") {
				t.Errorf("%s: %d blobs were copied", form, copied)
			}
		}
	}
}

// A layout may list the images of its platforms itself: then its index.json is the index.
func TestIndexOfLayout(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "b")
	dir := saveLayout(t, store, store.AddIndex(t, amd, arm))
	text := store[store.AddIndex(t, amd, arm).Digest]
	imagetest.WriteFile(t, filepath.Join(dir, layout.IndexFile), text)
	index, err := chooseIndex(t, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if index.Descriptor.Digest != digest.FromBytes(text) || index.Descriptor.MediaType != oci.MediaTypeIndex {
		t.Errorf("descriptor %+v", index.Descriptor)
	}
	images, err := index.Images(ctx, platforms(t, "linux/arm64", "linux/amd64"))
	if err != nil || images[0].Digest != arm.Digest || images[1].Digest != amd.Digest {
		t.Errorf("%+v, %v", images, err)
	}
	blobs := filepath.Join(t.TempDir(), "blobs")
	if err := index.WriteBlobs(ctx, blobs, images); err != nil || len(written(t, blobs)) > 0 {
		t.Errorf("%v, blobs %q", err, written(t, blobs))
	}
}

func TestIndexRefusals(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	v6, v7 := store.AddImage(t, "linux/arm/v6", oci.Gzip, "6"), store.AddImage(t, "linux/arm/v7", oci.Gzip, "7")
	root := store.AddIndex(t, amd, v6, v7)
	path := saveLayout(t, store, root, "localhost/a:v1")
	at := path + ": index " + root.Digest.String() + ": "
	available := amd.Digest.String() + " (linux/amd64), " + v6.Digest.String() + " (linux/arm/v6), " +
		v7.Digest.String() + " (linux/arm/v7)"
	index, err := chooseIndex(t, path, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"linux/s390x": at + "no image has platform linux/s390x; available: " + available,
		"linux/arm": at + "2 images have platform linux/arm: " + v6.Digest.String() + " (linux/arm/v6), " +
			v7.Digest.String() + " (linux/arm/v7)",
	} {
		_, err := index.Images(ctx, platforms(t, name))
		var refusal *importer.ChoiceError
		if !errors.As(err, &refusal) || err.Error() != want {
			t.Errorf("%s: error %v\nwant %s", name, err, want)
		}
	}

	var refusal *importer.IndexError
	want := path + `: contains no image index with the name "v2"; available: localhost/a:v1`
	if _, err := chooseIndex(t, path, "v2"); !errors.As(err, &refusal) || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}
	single := saveLayout(t, store, amd, "localhost/a:v1")
	if _, err := chooseIndex(t, single, "v1"); !errors.As(err, &refusal) || err.Error() != single+": contains no image index" {
		t.Errorf("error %v", err)
	}
	other := store.AddIndex(t, amd)
	data := store[store.AddIndex(t, root, other).Digest]
	several := saveLayout(t, store, store.AddIndex(t, root, other))
	imagetest.WriteFile(t, filepath.Join(several, layout.IndexFile), data)
	want = several + ": contains 2 image indexes: " + root.Digest.String() + ", " + other.Digest.String()
	if _, err := chooseIndex(t, several, ""); !errors.As(err, &refusal) || err.Error() != want {
		t.Errorf("error %v\nwant %s", err, want)
	}

	// A missing or changed blob leaves no directory behind.
	m := store.Manifest(t, v7)
	blob := filepath.Join(path, filepath.FromSlash(layout.BlobPath(m.Layers[0].Digest)))
	dir := filepath.Join(t.TempDir(), "blobs")
	imagetest.WriteFile(t, blob, bytes.Repeat([]byte("x"), int(m.Layers[0].Size)))
	if err := index.WriteBlobs(ctx, dir, nil); err == nil || !strings.Contains(err.Error(), m.Layers[0].Digest.String()) {
		t.Errorf("a changed layer: error %v", err)
	}
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	if err := index.WriteBlobs(ctx, dir, nil); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing layer: error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is left behind: %v", err)
	}
}

// A docker-archive has images, but no index.
func TestIndexOfDockerArchive(t *testing.T) {
	path := save(t, imagetest.Tar(t,
		imagetest.File{Name: "c.json", Data: `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}`},
		imagetest.File{Name: "manifest.json", Data: `[{"Config":"c.json","RepoTags":null,"Layers":[]}]`}))
	var refusal *importer.IndexError
	if _, err := chooseIndex(t, path, ""); !errors.As(err, &refusal) || err.Error() != path+": contains no image index" {
		t.Errorf("error %v", err)
	}
}
