package main

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mksquash", command.Main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, tooltest.Commands{"merged": merged}) }

// setup writes the images base.json, image.json with two more layers, and other.json, their manifests, and blobs.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	for name, layers := range map[string][]string{
		"base": {"a", "b"}, "image": {"a", "b", "c", "b"}, "other": {"b"},
	} {
		image := store.AddImage(dir.T, "linux/amd64", oci.Gzip, layers...)
		dir.Describe(name+".json", image)
		dir.Write(name+".manifest", store[image.Digest])
	}
	dir.Describe("index.json", store.AddIndex(dir.T))
	d := store.Add(oci.MediaTypeLayer, nil)
	dir.Describe("deb.json", wire.Layer{
		MediaType: d.MediaType, Digest: d.Digest, DiffID: d.Digest, Packages: []wire.Package{{Name: "a_1_all.deb", Digest: d.Digest}},
	})
	store.WriteFiles(dir.T, dir.Path("blobs"))
}

// merged LAYERS prints the entries of the image that mksquash wrote, with the layers that they come from. The image must
// have so many layers, and the validator must accept it.
func merged(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	root, err := wire.ReadDescriptor(ts.MkAbs("out.descriptor"))
	ts.Check(err)
	made, err := wire.ReadLayer(ts.MkAbs("out.layer.json"))
	ts.Check(err)
	files := new(content.Files)
	for _, name := range []string{"out.manifest", "out.config"} {
		ts.Check(files.AddDocument(ts.MkAbs(name)))
	}
	files.Add(made.Digest, ts.MkAbs("out.layer"))
	files.AddDirectory(ts.MkAbs("blobs"))
	dir := ts.MkAbs("out.layout")
	ts.Check(os.RemoveAll(dir))
	ts.Check(layout.Write(ctx, dir, files, root, nil))
	report, err := check.Layout(ctx, dir, check.Options{})
	ts.Check(err)
	for _, v := range report.Violations {
		ts.Fatalf("%v", v)
	}
	images, err := content.Images(ctx, files, root)
	ts.Check(err)
	if n := fmt.Sprint(len(images[0].Manifest.Layers)); n != args[0] {
		ts.Fatalf("%s layers", n)
	}
	fs, err := rootfs.Image(ctx, files, root)
	ts.Check(err)
	for _, e := range fs.Entries() {
		fmt.Fprintln(ts.Stdout(), e.Path, e.Layer+1)
	}
}
