package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing/listingtest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkdiff", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes two images, and the listings of each.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	for name, d := range map[string]oci.Descriptor{
		"a": store.AddImage(dir.T, "linux/amd64", oci.Uncompressed, "a"), "b": store.AddImage(dir.T, "linux/amd64", oci.Uncompressed, "b"),
	} {
		manifest := store.Manifest(dir.T, d)
		dir.Write(name+".manifest.json", store[d.Digest])
		dir.Write(name+".config.json", store[manifest.Config.Digest])
		var layers [][]byte
		for _, d := range manifest.Layers {
			layers = append(layers, store[d.Digest])
		}
		listingtest.Write(dir.T, dir.Path(name+".listing"), layers...)
	}
}
