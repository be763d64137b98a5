package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
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
	f, err := listing.Create(dir.Path("listing"))
	if err != nil {
		dir.T.Fatal(err)
	}
	defer f.Abort()
	for n, d := range store.Manifest(dir.T, image).Layers {
		want := listing.Header{DiffID: digest.FromBytes(store[d.Digest]), Digest: d.Digest, Size: d.Size}
		if err := f.Add(context.Background(), bytes.NewReader(store[d.Digest]), want, nil); err != nil {
			dir.T.Fatal(err)
		}
		if n == 1 {
			dir.Describe("b.layer.json", wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: want.DiffID,
				UncompressedSize: d.Size})
		}
	}
	if err := f.Commit(); err != nil {
		dir.T.Fatal(err)
	}
}
