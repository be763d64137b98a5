package main

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mklisting", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, tooltest.Commands{"listed": listed}) }

// setup writes an image of two layers with a file each, the descriptors of the layers as mklayer writes them, and a
// descriptor with another diff ID.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	image := store.AddImage(dir.T, "linux/amd64", oci.Gzip, "a", "b", "a")
	manifest := store.Manifest(dir.T, image)
	dir.Write("manifest.json", store[image.Digest])
	dir.Write("config.json", store[manifest.Config.Digest])
	for i, name := range []string{"a", "b"} {
		d := manifest.Layers[i]
		tar := imagetest.Tar(dir.T, imagetest.File{Name: name, Data: name})
		layer := wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: digest.FromBytes(tar)}
		dir.Describe(name+".json", layer)
		dir.Write(name+".tar.gz", store[d.Digest])
		layer.DiffID = d.Digest
		dir.Describe(name+".wrong.json", layer)
	}
	delete(store, image.Digest)
	store.WriteFiles(dir.T, dir.Path("blobs"))
	delete(store, manifest.Layers[0].Digest)
	store.WriteFiles(dir.T, dir.Path("some"))
}

// listed FILE prints the paths of each layer in a file of listings.
func listed(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	r, err := listing.NewReader(f)
	ts.Check(err)
	defer r.Close()
	for {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), "layer", h.Entries)
		for e, err := range r.Entries() {
			ts.Check(err)
			fmt.Fprintln(ts.Stdout(), e.Path, e.SHA256)
		}
	}
}
