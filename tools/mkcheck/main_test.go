package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkcheck", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes an image with an unsorted layer, and descriptors of the layer: of one that the build made, of one that it kept,
// and of one with another digest.
func setup(dir tooltest.Folder) {
	layer := imagetest.Tar(dir.T, imagetest.File{Name: "b"}, imagetest.File{Name: "a"})
	store := make(imagetest.Store)
	d := store.Add(oci.MediaTypeLayer, layer)
	config := store.AddJSON(dir.T, oci.MediaTypeConfig, map[string]any{
		"rootfs": oci.RootFS{Type: "layers", DiffIDs: []digest.Digest{d.Digest}},
	})
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: []oci.Descriptor{d}}
	store.WriteFiles(dir.T, dir.Path("blobs"))
	dir.Write("layer.tar", layer)
	dir.Describe("manifest.json", manifest)
	dir.Write("config.json", store[config.Digest])
	described := wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest}
	dir.Describe("built.json", described)
	described.Kept = true
	dir.Describe("kept.json", described)
	described.Digest = digest.FromBytes(nil)
	dir.Describe("other.json", described)
}
