package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mklayout": command.Main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setup(t, env) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"check-layout":  checker(check.Layout),
			"check-archive": checker(check.Archive),
			"list":          list,
		},
	})
}

// setup writes the files of two images and their index, as in a build: amd.json, arm.json and index.json are
// descriptors, amd.manifest, amd.config and so on are documents, layer.json and layer.blob are the one layer of both, and
// remote.json is the layer's descriptor in a registry.
func setup(t *testing.T, env *testscript.Env) error {
	store := make(imagetest.Store)
	write := func(name string, data []byte) { imagetest.WriteFile(t, filepath.Join(env.WorkDir, name), data) }
	describe := func(name string, v any) {
		if err := wire.Write(filepath.Join(env.WorkDir, name), v); err != nil {
			t.Fatal(err)
		}
	}
	var images []oci.Descriptor
	for _, arch := range []string{"amd", "arm"} {
		image := store.AddImage(t, "linux/"+arch+"64", oci.Uncompressed, "file")
		describe(arch+".json", image)
		write(arch+".manifest", store[image.Digest])
		write(arch+".config", store[store.Manifest(t, image).Config.Digest])
		images = append(images, image)
	}
	index := store.AddIndex(t, images...)
	describe("index.json", index)
	write("index.document", store[index.Digest])
	layer := store.Manifest(t, images[0]).Layers[0]
	describe("layer.json", wire.Layer{MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size,
		DiffID: layer.Digest})
	describe("remote.json", wire.Layer{MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size,
		DiffID: layer.Digest, Sources: []string{"docker.io/library/base"}})
	write("layer.blob", store[layer.Digest])
	write("blobs/sha256/"+layer.Digest.Encoded(), store[layer.Digest])
	env.Setenv("LAYER", layer.Digest.String())
	return nil
}

// checker returns the script command that validates a path.
func checker(
	look func(context.Context, string, check.Options) (check.Report, error),
) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: check-layout DIR or check-archive FILE")
		}
		report, err := look(context.Background(), ts.MkAbs(args[0]), check.Options{})
		ts.Check(err)
		for _, violation := range report.Violations {
			ts.Fatalf("%v", violation)
		}
	}
}

// list FILE prints the digest of a tar and its entries.
func list(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: list FILE")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	sum, size, err := digest.FromReader(f)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s %d\n", sum, size)
	_, err = f.Seek(0, io.SeekStart)
	ts.Check(err)
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), h.Name)
	}
}
