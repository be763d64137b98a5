package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/wire"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"load":   main,
		"docker": func() { fake("docker") },
		"podman": func() { fake("podman") },
	})
}

// TestScripts runs the scripts. Each has an index of an image for linux/amd64 and one for linux/arm64 in root.json and
// blobs, and the first one in image.json; $AMD64 and $ARM64 are their digests. The engines' programs behave as
// $FAKE_DOCKER and $FAKE_PODMAN say (see enginetest).
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			store := imagetest.Store{}
			amd64 := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
			arm64 := store.AddImage(t, "linux/arm64", oci.Zstd, "b")
			index := store.AddIndex(t, amd64, arm64)
			store.WriteFiles(t, filepath.Join(env.WorkDir, "blobs"))
			env.Setenv("AMD64", amd64.Digest.String())
			env.Setenv("ARM64", arm64.Digest.String())
			if err := wire.Write(filepath.Join(env.WorkDir, "image.json"), amd64); err != nil {
				return err
			}
			return wire.Write(filepath.Join(env.WorkDir, "root.json"), index)
		},
	})
}

// fake is the program of an engine.
func fake(name string) { os.Exit(enginetest.Main(name)) }
