package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkbase": command.Main})
}

// TestScripts gives each script an image of two layers: its manifest, its config, and the digests $DIGEST, $ONE and $TWO;
// and the manifest "plain" with the digest $PLAIN, which does not state its media type.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			store := make(imagetest.Store)
			image := store.AddImage(t, "linux/amd64", oci.Gzip, "one", "two")
			manifest := store.Manifest(t, image)
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "manifest"), store[image.Digest])
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "config"), store[manifest.Config.Digest])
			env.Setenv("DIGEST", image.Digest.String())
			env.Setenv("ONE", manifest.Layers[0].Digest.String())
			manifest.MediaType = "" // the media type is optional
			plain := store.AddJSON(t, oci.MediaTypeManifest, manifest)
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "plain"), store[plain.Digest])
			env.Setenv("PLAIN", plain.Digest.String())
			env.Setenv("TWO", manifest.Layers[1].Digest.String())
			return nil
		},
	})
}
