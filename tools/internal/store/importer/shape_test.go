package importer_test

import (
	"archive/tar"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
)

// addLayers adds an image of these layers, packed with gzip, and returns its manifest's descriptor.
func addLayers(t *testing.T, store imagetest.Store, layers ...[]byte) oci.Descriptor {
	t.Helper()
	config := v1.Image{Platform: v1.Platform{OS: "linux", Architecture: "amd64"}, RootFS: v1.RootFS{Type: "layers"}}
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest}
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(layer))
		packed := imagetest.Pack(t, oci.Gzip, layer)
		manifest.Layers = append(manifest.Layers, store.Add(oci.MediaTypeLayerGzip, packed))
	}
	manifest.Config = store.AddJSON(t, oci.MediaTypeConfig, config)
	return store.AddJSON(t, oci.MediaTypeManifest, manifest)
}

// TestShape stacks layers in order, one of them twice; a layer that is not an archive has no shape.
func TestShape(t *testing.T) {
	store := make(imagetest.Store)
	bottom := imagetest.Tar(t,
		imagetest.File{Name: "tmp", Type: tar.TypeDir},
		imagetest.File{Name: "lib", Type: tar.TypeSymlink, Link: "usr/lib"},
		imagetest.File{Name: "old/deep", Type: tar.TypeDir},
	)
	gone := imagetest.Tar(t, imagetest.File{Name: ".wh.old"}, imagetest.File{Name: ".wh.lib"})
	root := addLayers(t, store, bottom, gone, bottom, []byte(strings.Repeat("no archive", 100)), gone,
		imagetest.Tar(t, imagetest.File{Name: "home", Type: tar.TypeDir}))
	const want = `{"version":1,"dirs":{"/home":{"mode":"0644"},"/tmp":{"mode":"0644"}}}` + "\n"
	for _, path := range []string{saveLayout(t, store, root), saveArchive(t, store, root)} {
		image, err := choose(t, path, importer.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		shape, err := image.Shape(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := shape.Marshal(); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
