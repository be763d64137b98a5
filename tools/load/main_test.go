package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/engine/enginetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func TestMain(m *testing.M) {
	commands := map[string]func(){"load": main}
	for _, name := range enginetest.Programs {
		commands[name] = func() { os.Exit(enginetest.Main(name)) }
	}
	testscript.Main(m, commands)
}

// TestScripts runs the scripts. Each has an index of an image for linux/amd64 and one for linux/arm64 in root.json and
// blobs, the first one in image.json and the second one in other.json; $INDEX, $AMD64 and $ARM64 are their digests.
// $LAYER, the layer of the first, is also in the registry $OPEN, as layer.json states; locked.json names the registry $LOCKED, which requires a password,
// and elsewhere.json the registry registry.test, which does not exist. The
// variables $FAKE_DOCKER and so on control the fake programs of the engines (see enginetest).
//
// The command "archive FILE N" checks an archive of N images; "requests REQUEST..." compares the requests made to the
// registry since the previous call.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setUp(t, env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"archive": func(ts *testscript.TestScript, _ bool, args []string) {
				report, err := check.Archive(context.Background(), ts.MkAbs(args[0]), check.Options{})
				ts.Check(err)
				if len(report.Violations) > 0 || fmt.Sprint(report.Manifests) != args[1] {
					ts.Fatalf("%s: %d images, %v", args[0], report.Manifests, report.Violations)
				}
			},
			"requests": func(ts *testscript.TestScript, _ bool, args []string) {
				got := []string{}
				for _, request := range ts.Value("registry").(*registrytest.Registry).Requests() {
					got = append(got, request.String())
				}
				if !slices.Equal(got, args) {
					ts.Fatalf("the requests are %q, want %q", got, args)
				}
			},
		},
	})
}

func setUp(t *testing.T, env *testscript.Env) error {
	store := imagetest.Store{}
	amd64 := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	arm64 := store.AddImage(t, "linux/arm64", oci.Zstd, "b")
	index := store.AddIndex(t, amd64, arm64)
	store.WriteFiles(t, filepath.Join(env.WorkDir, "blobs"))
	layer := store.Manifest(t, amd64).Layers[0]
	registry, locked := registrytest.New(t), registrytest.NewBasic(t, "user", "secret")
	registry.AddBlob("team/base", store[layer.Digest])
	env.Values["registry"] = registry
	for name, value := range map[string]fmt.Stringer{
		"INDEX": index.Digest, "AMD64": amd64.Digest, "ARM64": arm64.Digest, "LAYER": layer.Digest,
	} {
		env.Setenv(name, value.String())
	}
	env.Setenv("OPEN", registry.Host)
	env.Setenv("LOCKED", locked.Host)
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run"))
	env.Setenv("LAYER_FILE", filepath.Join(env.WorkDir, "blobs", "sha256", layer.Digest.Encoded()))
	remote := func(host string) wire.Layer {
		return wire.Layer{
			MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size, DiffID: layer.Digest,
			Sources: []string{host + "/team/base"},
		}
	}
	for name, document := range map[string]any{
		"root.json": index, "image.json": amd64, "other.json": arm64, "layer.json": remote(registry.Host),
		"locked.json": remote(locked.Host), "elsewhere.json": remote("registry.test"),
	} {
		if err := wire.Write(filepath.Join(env.WorkDir, name), document); err != nil {
			return err
		}
	}
	return nil
}
