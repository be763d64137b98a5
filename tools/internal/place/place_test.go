package place_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/place"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// copyImage copies the image at from to the target, with its names.
func copyImage(t *testing.T, from, to string) (place.Address, error) {
	t.Helper()
	ctx := context.Background()
	client := registry.NewClient(registry.Options{})
	source, err := place.ParseSource(from)
	if err != nil {
		t.Fatal(err)
	}
	p, err := place.Opener{Client: client}.Open(ctx, source)
	if err != nil {
		return place.Address{}, err
	}
	defer p.Close()
	root, err := p.Root()
	if err != nil {
		return place.Address{}, err
	}
	target, err := place.ParseTarget(to)
	if err != nil {
		t.Fatal(err)
	}
	image := place.Image{Root: root.Descriptor, Source: p.Source}
	image.Names, image.Tag = place.Names(root.Names)
	return place.Writer{Client: client}.Write(ctx, target, image)
}

// Every form leads to every other without a change of the image.
func TestForms(t *testing.T) {
	t.Chdir(t.TempDir())
	server := registrytest.New(t)
	store := make(imagetest.Store)
	index := store.AddIndex(t, store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b"), store.AddImage(t, "linux/arm64", oci.Zstd, "a"))
	for d, data := range store {
		server.AddBlob("x", data)
		if strings.Contains(string(data), `"layers":`) {
			server.AddManifest("x", d.String(), oci.MediaTypeManifest, data)
		}
	}
	server.AddManifest("x", "v1", oci.MediaTypeIndex, store[index.Digest])
	forms := map[string]string{"registry": server.Host + "/made/%:v2", "layout": "./%", "archive": "%.tar"}
	from := map[string]string{"start": server.Host + "/x:v1"}
	for round := range 2 {
		next := make(map[string]string)
		for source, text := range from {
			for form, pattern := range forms {
				to := strings.ReplaceAll(pattern, "%", source+form+string(rune('a'+round)))
				written, err := copyImage(t, text, to)
				if err != nil {
					t.Fatalf("%s to %s: %v", text, to, err)
				}
				if got := written.Digest + written.Reference.Digest; got != index.Digest {
					t.Errorf("%s to %s: digest %s", text, to, got)
				}
				next[form] = to
				checkForm(t, form, to)
			}
		}
		from = next
	}
}

func checkForm(t *testing.T, form, path string) {
	t.Helper()
	var report check.Report
	var err error
	switch form {
	case "layout":
		report, err = check.Layout(t.Context(), path, check.Options{Lenient: func(int, digest.Digest) bool { return true }})
	case "archive":
		report, err = check.Archive(t.Context(), path, check.Options{Lenient: func(int, digest.Digest) bool { return true }})
	}
	if err != nil || len(report.Violations) > 0 {
		t.Errorf("%s: %v, %v", path, report.Violations, err)
	}
}

// A registry is asked once for each document, however often it is read.
func TestDocumentsAreRemembered(t *testing.T) {
	server := registrytest.New(t)
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	config := store.Manifest(t, image).Config
	server.AddBlob("x", store[config.Digest])
	server.AddBlob("x", store[store.Manifest(t, image).Layers[0].Digest])
	server.AddManifest("x", "v1", image.MediaType, store[image.Digest])
	address, err := place.ParseSource(server.Host + "/x:v1")
	if err != nil {
		t.Fatal(err)
	}
	p, err := place.Opener{Client: registry.NewClient(registry.Options{})}.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 3 {
		if _, err := content.ReadAll(t.Context(), p.Source, image); err != nil {
			t.Fatal(err)
		}
		if _, err := content.ReadAll(t.Context(), p.Source, config); err != nil {
			t.Fatal(err)
		}
	}
	if made := server.Requests(); len(made) != 2 {
		t.Errorf("requests %v", made)
	}
}

// Blobs of a layout are verified when they are copied, although they are files.
func TestDamaged(t *testing.T) {
	t.Chdir(t.TempDir())
	server := registrytest.New(t)
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	for d, data := range store {
		server.AddBlob("x", data)
		_ = d
	}
	server.AddManifest("x", "v1", image.MediaType, store[image.Digest])
	if _, err := copyImage(t, server.Host+"/x:v1", "./good"); err != nil {
		t.Fatal(err)
	}
	layer := store.Manifest(t, image).Layers[0]
	path := filepath.Join("good/blobs/sha256", layer.Digest.Encoded())
	damaged := bytes.Clone(store[layer.Digest])
	damaged[len(damaged)-1] ^= 1
	if err := os.WriteFile(path, damaged, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"./bad", "bad.tar", server.Host + "/bad:v1"} {
		var mismatch *digest.MismatchError
		if _, err := copyImage(t, "good", to); !errors.As(err, &mismatch) {
			t.Errorf("%s: error %v", to, err)
		}
	}
	if found, _ := filepath.Glob("*bad*"); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	if tags := server.Tags("bad"); len(tags) > 0 {
		t.Errorf("tags: %v", tags)
	}
}

func TestNames(t *testing.T) {
	full, tag := place.Names([]string{"example.com/x:v1", "v7", "x@y", "Not/Valid", "alpine:3"})
	if len(full) != 2 || full[0].String() != "example.com/x:v1" || full[1].String() != "docker.io/library/alpine:3" || tag != "v7" {
		t.Errorf("%v, %q", full, tag)
	}
}

// A layout lists an image's referrers beside it. The image needs no name to be found; a referrer needs its digest.
func TestReferrersBeside(t *testing.T) {
	t.Chdir(t.TempDir())
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	sbom := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: "example/sbom",
		Config: store.Add(oci.MediaTypeEmpty, []byte("{}")), Layers: []oci.Descriptor{}, Subject: &image,
	})
	sbom.ArtifactType = "example/sbom"
	if err := layout.WriteAll(t.Context(), "both", store, []layout.Image{{Root: image}, {Root: sbom}}); err != nil {
		t.Fatal(err)
	}
	if err := layout.WriteAll(t.Context(), "alone", store, []layout.Image{{Root: sbom}}); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]digest.Digest{
		"./both": image.Digest, "./both@" + sbom.Digest.String(): sbom.Digest, "./alone": sbom.Digest,
	} {
		copied, err := copyImage(t, from, "./out")
		if err != nil || copied.Digest != want {
			t.Errorf("%s: %v, %v, want %s", from, copied, err, want)
		}
	}
}

// during is a source that calls do before it opens the first blob.
type during struct {
	imagetest.Store
	once sync.Once
	do   func()
}

func (d *during) Open(ctx context.Context, blob oci.Descriptor) (io.ReadCloser, error) {
	d.once.Do(d.do)
	return d.Store.Open(ctx, blob)
}

// If two processes create one layout, the second one to finish adds its image to that of the first.
func TestLayoutAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "file")
	write := func(source content.Source, tag string) {
		to := place.Address{Form: place.Layout, Path: "layout", Name: tag}
		if _, err := (place.Writer{}).Write(t.Context(), to, place.Image{Root: image, Source: source}); err != nil {
			t.Error(err)
		}
	}
	write(&during{Store: store, do: func() { write(store, "first") }}, "second")
	p, err := place.Opener{}.Open(t.Context(), place.Address{Form: place.Layout, Path: "layout"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	root, err := p.Root()
	if err != nil || !slices.Equal(root.Names, []string{"first", "second"}) {
		t.Errorf("names %q, %v", root.Names, err)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}
