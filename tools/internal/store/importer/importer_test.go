package importer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

var ctx = context.Background()

// saveLayout writes root as a layout directory and returns its path.
func saveLayout(t testing.TB, store imagetest.Store, root oci.Descriptor, names ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(ctx, dir, store, root, parse(t, names)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// saveArchive writes root as an archive and returns its path.
func saveArchive(t testing.TB, store imagetest.Store, root oci.Descriptor, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	if err := archive.Write(ctx, &b, store, root, archive.Options{Names: parse(t, names)}); err != nil {
		t.Fatal(err)
	}
	return save(t, b.Bytes())
}

func save(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	imagetest.WriteFile(t, path, data)
	return path
}

func parse(t testing.TB, names []string) []reference.Reference {
	t.Helper()
	var all []reference.Reference
	for _, text := range names {
		name, err := reference.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

// choose opens the store at path and chooses an image.
func choose(t testing.TB, path string, choice importer.Choice) (*importer.Image, error) {
	t.Helper()
	store, err := importer.Open(ctx, path, "")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { store.Close() })
	return store.Choose(ctx, choice)
}

// layers writes the layers of an image at path to a directory and returns them as they are read from there.
func layers(t *testing.T, path string, image *importer.Image) map[digest.Digest]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "blobs")
	if err := image.WriteLayers(ctx, dir); err != nil {
		t.Fatal(err)
	}
	return stored(t, path, dir, image.Layers)
}

// stored returns those blobs that are in a directory that was written, or in its source.
func stored(t *testing.T, source, dir string, all []oci.Descriptor) map[digest.Digest]string {
	t.Helper()
	files := new(content.Files)
	if err := files.AddStored(dir, source); err != nil {
		t.Fatal(err)
	}
	found := make(map[digest.Digest]string)
	for _, d := range all {
		var verified, fast strings.Builder
		err := errors.Join(content.Copy(ctx, &verified, files, d), content.CopyFast(ctx, &fast, files, d))
		if errors.Is(err, content.ErrNotFound) {
			continue
		}
		if err != nil || fast.String() != verified.String() {
			t.Errorf("%s: %v, %q, %q", d.Digest, err, &verified, &fast)
		}
		found[d.Digest] = verified.String()
	}
	return found
}

// blobs returns blobs as stored does.
func blobs(store imagetest.Store, all []oci.Descriptor) map[digest.Digest]string {
	found := make(map[digest.Digest]string)
	for _, d := range all {
		found[d.Digest] = string(store[d.Digest])
	}
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An image in any form is imported byte for byte.
func TestForms(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/arm64/v8", oci.Gzip, "base", "app", "base")
	manifest := store.Manifest(t, root)
	plain := saveArchive(t, store, root, "a")
	data, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"layout":       saveLayout(t, store, root, "a"),
		"archive":      plain,
		"gzip archive": save(t, imagetest.Pack(t, oci.Gzip, data)),
		"zstd archive": save(t, imagetest.Pack(t, oci.Zstd, data)),
		"nested index": saveArchive(t, store, store.AddIndex(t, root)),
	}
	for form, path := range forms {
		image, err := choose(t, path, importer.Choice{})
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		if !reflect.DeepEqual(image.Descriptor, root) {
			t.Errorf("%s: descriptor %+v, want %+v", form, image.Descriptor, root)
		}
		if !bytes.Equal(image.Manifest, store[root.Digest]) || !bytes.Equal(image.Config, store[manifest.Config.Digest]) {
			t.Errorf("%s: manifest %s\nconfig %s", form, image.Manifest, image.Config)
		}
		if !reflect.DeepEqual(image.Layers, manifest.Layers) {
			t.Errorf("%s: layers %+v, want %+v", form, image.Layers, manifest.Layers)
		}
		if got := layers(t, path, image); !maps.Equal(got, blobs(store, manifest.Layers)) {
			t.Errorf("%s: blobs %q", form, slices.Sorted(maps.Keys(got)))
		}
		if err := image.Verify(ctx); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// The platform and Docker media types are kept; facts that the image does not state are left out.
func TestDescriptor(t *testing.T) {
	store := make(imagetest.Store)
	windows := &oci.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.1", OSFeatures: []string{"win32k"}}
	image := func(config, mediaType, configType string) oci.Descriptor {
		manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: mediaType,
			Config: store.Add(configType, []byte(config))}
		return store.AddJSON(t, mediaType, manifest)
	}
	inIndex := func(d oci.Descriptor, p oci.Platform) oci.Descriptor {
		d.Platform = &p
		return d
	}
	tests := []struct {
		name string
		root oci.Descriptor
		want *oci.Platform
	}{
		{"from the config", image(`{"os":"windows","architecture":"amd64","os.version":"10.0.1","os.features":["win32k"]}`,
			oci.MediaTypeManifest, oci.MediaTypeConfig), windows},
		{"Docker's", image(`{"os":"linux","architecture":"amd64"}`, oci.DockerMediaTypeManifest, oci.DockerMediaTypeConfig),
			&oci.Platform{OS: "linux", Architecture: "amd64"}},
		{"from both", inIndex(image(`{"os":"windows","architecture":"amd64","os.version":"10.0.1"}`,
			oci.MediaTypeManifest, oci.MediaTypeConfig), oci.Platform{OS: "windows", Architecture: "amd64",
			OSFeatures: []string{"win32k"}}), windows},
		{"variant of the index", inIndex(image(`{"os":"linux","architecture":"arm"}`,
			oci.MediaTypeManifest, oci.MediaTypeConfig), oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}),
			&oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}},
		{"features of the processor", inIndex(image(`{"os":"linux","architecture":"amd64"}`,
			oci.MediaTypeManifest, oci.MediaTypeConfig), oci.Platform{OS: "linux", Architecture: "amd64",
			Features: []string{"sse4"}}), &oci.Platform{OS: "linux", Architecture: "amd64", Features: []string{"sse4"}}},
		{"a config has none", image(`{"os":"linux","architecture":"amd64","features":{}}`,
			oci.MediaTypeManifest, oci.MediaTypeConfig), &oci.Platform{OS: "linux", Architecture: "amd64"}},
		{"incomplete", image(`{"os":"linux"}`, oci.MediaTypeManifest, oci.MediaTypeConfig), nil},
	}
	for _, test := range tests {
		named := test.root
		named.Annotations = map[string]string{"org.opencontainers.image.ref.name": "x"}
		got, err := choose(t, saveLayout(t, store, named), importer.Choice{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		test.root.Platform = test.want
		if !reflect.DeepEqual(got.Descriptor, test.root) {
			t.Errorf("%s: descriptor %+v, want %+v", test.name, got.Descriptor, test.root)
		}
	}
}

func TestChoose(t *testing.T) {
	store := make(imagetest.Store)
	arm6 := store.AddImage(t, "linux/arm/v6", oci.Gzip, "6")
	arm7 := store.AddImage(t, "linux/arm/v7", oci.Gzip, "7")
	arm64 := store.AddImage(t, "linux/arm64", oci.Gzip, "64")
	arm64.Platform = nil // only the config states it
	attestation := store.AddImage(t, "unknown/unknown", oci.Gzip, "attestation")
	attestation.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion,
		Config: store.Add("application/vnd.example", []byte("{}"))})
	other := store.Add("application/vnd.other", nil)
	root := store.AddIndex(t, arm6, arm7, attestation, artifact, other, arm64, arm6)
	path := saveLayout(t, store, root, "localhost/arms:v1", "arms")

	const names = "localhost/arms:v1, docker.io/library/arms:latest"
	const all = names + " (linux/arm/v6), " + names + " (linux/arm/v7), " + names + " (linux/arm64)"
	tests := []struct {
		platform, name string
		want           oci.Descriptor
		err            string
	}{
		{"linux/arm64", "", arm64, ""},
		{"linux/arm64/v8", "", arm64, ""},
		{"linux/arm64/v9", "", oci.Descriptor{}, "no image has platform linux/arm64/v9; available: " + all},
		{"linux/arm/v6", "", arm6, ""},
		{"linux/arm/v7", "localhost/arms:v1", arm7, ""},
		{"linux/arm/v7", "v1", arm7, ""},
		{"linux/arm/v7", "arms", arm7, ""},
		{"linux/arm/v7", "docker.io/library/arms:latest", arm7, ""},
		{"", arm6.Digest.String(), arm6, ""},
		{"linux/arm", "", oci.Descriptor{}, "2 images have platform linux/arm: " +
			names + " (linux/arm/v6), " + names + " (linux/arm/v7)"},
		{"linux/arm64", "v2", oci.Descriptor{}, `no image has platform linux/arm64 and name "v2"; available: ` + all},
		{"linux/arm64", "No Name", oci.Descriptor{},
			`no image has platform linux/arm64 and name "No Name"; available: ` + all},
		{"", "arms", oci.Descriptor{}, `3 images have name "arms": ` + all},
		{"", "", oci.Descriptor{}, "contains 3 images: " + all},
	}
	for _, test := range tests {
		choice := importer.Choice{Name: test.name}
		if test.platform != "" {
			p, err := oci.ParsePlatform(test.platform)
			if err != nil {
				t.Fatal(err)
			}
			choice.Platform = &p
		}
		image, err := choose(t, path, choice)
		var refusal *importer.ChoiceError
		switch {
		case test.err == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.err == "" && image.Descriptor.Digest != test.want.Digest:
			t.Errorf("%s %s: chose %s, want %s", test.platform, test.name, image.Descriptor.Digest, test.want.Digest)
		case test.err != "" && (!errors.As(err, &refusal) || err.Error() != path+": "+test.err):
			t.Errorf("%s %s: error %v\nwant %s", test.platform, test.name, err, test.err)
		}
	}
}

// An index may list images that are not in the layout; the others can be chosen.
func TestSparseIndex(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "b")
	dir := saveLayout(t, store, store.AddIndex(t, amd, arm))
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(layout.BlobPath(arm.Digest)))); err != nil {
		t.Fatal(err)
	}
	if _, err := choose(t, dir, importer.Choice{Platform: amd.Platform}); err != nil {
		t.Error(err)
	}
	want := fmt.Sprintf("%s: %s (linux/arm64): manifest: %s: blob not found", dir, arm.Digest, arm.Digest)
	if _, err := choose(t, dir, importer.Choice{Platform: arm.Platform}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// containerd exports a whole index, but only those of its images that it has: the present image is chosen.
func TestPartial(t *testing.T) {
	for _, missing := range []string{"manifest", "config", "layer"} {
		store := make(imagetest.Store)
		amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
		arm := store.AddImage(t, "linux/arm64", oci.Gzip, "b")
		root := store.AddIndex(t, amd, arm)
		m := store.Manifest(t, arm)
		dir := saveLayout(t, store, root)
		d := map[string]oci.Descriptor{"manifest": arm, "config": m.Config, "layer": m.Layers[0]}[missing]
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(layout.BlobPath(d.Digest)))); err != nil {
			t.Fatal(err)
		}
		if image, err := choose(t, dir, importer.Choice{}); err != nil || image.Descriptor.Digest != amd.Digest {
			t.Errorf("%s: %v, %v", missing, image, err)
		}
	}
}

// A layer that is not distributable may be missing; its URLs stay in the manifest.
func TestForeignLayer(t *testing.T) {
	for _, c := range []struct {
		mediaType string
		urls      []string
		want      string
	}{
		{oci.DockerMediaTypeForeignLayer, []string{"https://example.org/layer"}, ""},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", []string{"https://example.org/layer"}, ""},
		{oci.DockerMediaTypeForeignLayer, nil, "layer 1 of 1: " + digest.FromBytes(nil).String() + ": blob not found"},
		{oci.MediaTypeLayerGzip, []string{"https://example.org/layer"},
			"layer 1 of 1: " + digest.FromBytes(nil).String() + ": blob not found"},
	} {
		store := make(imagetest.Store)
		absent := store.Add(c.mediaType, nil)
		absent.URLs = c.urls
		root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion,
			Config: store.Add(oci.MediaTypeConfig, fmt.Appendf(nil,
				`{"os":"windows","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[%q]}}`, digest.FromBytes(nil))),
			Layers: []oci.Descriptor{absent}})
		dir := saveLayout(t, store, root)
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(layout.BlobPath(absent.Digest)))); err != nil {
			t.Fatal(err)
		}
		image, err := choose(t, dir, importer.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		blobs := filepath.Join(t.TempDir(), "blobs")
		for _, err := range []error{image.Verify(ctx), image.WriteLayers(ctx, blobs)} {
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != dir+": "+c.want) {
				t.Errorf("%s: error %v, want %s", c.mediaType, err, c.want)
			}
		}
		if !bytes.Contains(image.Manifest, []byte(`"https://example.org/layer"`)) && c.urls != nil {
			t.Errorf("%s: the manifest is %s", c.mediaType, image.Manifest)
		}
	}
}

// A blob of another type cannot be a layer of an image.
func TestLayerType(t *testing.T) {
	store := make(imagetest.Store)
	layer := store.Add("application/x-evil", []byte("x"))
	root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion,
		Config: store.Add(oci.MediaTypeConfig, fmt.Appendf(nil,
			`{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[%q]}}`, layer.Digest)),
		Layers: []oci.Descriptor{layer}})
	_, err := choose(t, saveLayout(t, store, root), importer.Choice{})
	if want := `layer 1 of 1: media type "application/x-evil" is not an image layer type`; err == nil ||
		!strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

type descriptor = oci.Descriptor
