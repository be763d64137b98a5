package main

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkbase", command.Main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes an image of two layers: its manifest, its config, and the digests $DIGEST, $ONE and $TWO; and the manifest
// "plain" with the digest $PLAIN, which does not state its media type.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	image := store.AddImage(dir.T, "linux/amd64", oci.Gzip, "one", "two")
	manifest := store.Manifest(dir.T, image)
	dir.Write("manifest", store[image.Digest])
	dir.Write("config", store[manifest.Config.Digest])
	dir.Setenv("DIGEST", image.Digest.String())
	dir.Setenv("ONE", manifest.Layers[0].Digest.String())
	dir.Setenv("TWO", manifest.Layers[1].Digest.String())
	manifest.MediaType = "" // the media type is optional
	plain := store.AddJSON(dir.T, oci.MediaTypeManifest, manifest)
	dir.Write("plain", store[plain.Digest])
	dir.Setenv("PLAIN", plain.Digest.String())
}
