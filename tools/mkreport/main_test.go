package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing/listingtest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkreport", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes an image of two layers with a file each, one of which is the base, its listings, and the descriptor of the upper
// layer.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	base := store.AddImage(dir.T, "linux/amd64", oci.Uncompressed, "a")
	image := store.AddImage(dir.T, "linux/amd64", oci.Uncompressed, "a", "b")
	for name, d := range map[string]oci.Descriptor{"base": base, "image": image} {
		manifest := store.Manifest(dir.T, d)
		dir.Write(name+".manifest.json", store[d.Digest])
		dir.Write(name+".config.json", store[manifest.Config.Digest])
	}
	layers := store.Manifest(dir.T, image).Layers
	listingtest.Write(dir.T, dir.Path("listing"), store[layers[0].Digest], store[layers[1].Digest])
	b := layers[1]
	dir.Describe("b.layer.json", wire.Layer{MediaType: b.MediaType, Digest: b.Digest, Size: b.Size, DiffID: b.Digest,
		UncompressedSize: b.Size})
}
