package main

import (
	"context"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mklayout", command.Main) }

func TestScripts(t *testing.T) {
	tooltest.Run(t, setup, tooltest.Commands{"check-layout": checker(check.Layout), "check-archive": checker(check.Archive)})
}

// setup writes the files of two images and their index, as in a build: amd.json, arm.json and index.json are
// descriptors, amd.manifest, amd.config and so on are documents, layer.json and layer.blob are the one layer of both, and
// remote.json is the layer's descriptor in a registry. sbom.json and sbom.manifest are an artifact about the second image, and
// foreign.json and foreign.manifest one about something else.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	var images []oci.Descriptor
	for _, arch := range []string{"amd", "arm"} {
		image := store.AddImage(dir.T, "linux/"+arch+"64", oci.Uncompressed, "file")
		dir.Describe(arch+".json", image)
		dir.Write(arch+".manifest", store[image.Digest])
		dir.Write(arch+".config", store[store.Manifest(dir.T, image).Config.Digest])
		images = append(images, image)
	}
	index := store.AddIndex(dir.T, images...)
	dir.Describe("index.json", index)
	dir.Write("index.document", store[index.Digest])
	d := store.Manifest(dir.T, images[0]).Layers[0]
	layer := wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest}
	dir.Describe("layer.json", layer)
	layer.Sources = []string{"docker.io/library/base"}
	dir.Describe("remote.json", layer)
	dir.Write("layer.blob", store[d.Digest])
	dir.Write("blobs/sha256/"+d.Digest.Encoded(), store[d.Digest])
	dir.Setenv("LAYER", d.Digest.String())
	for name, subject := range map[string]oci.Descriptor{"sbom": images[1], "foreign": d} {
		artifact := store.AddJSON(dir.T, oci.MediaTypeManifest, oci.Manifest{
			Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: "example/sbom",
			Config: oci.Empty(), Layers: []oci.Descriptor{oci.Empty()}, Subject: &subject,
		})
		dir.Write(name+".manifest", store[artifact.Digest])
		artifact.ArtifactType = "example/sbom"
		dir.Describe(name+".json", artifact)
		dir.Setenv(strings.ToUpper(name), artifact.Digest.String())
	}
	dir.Write("empty.blob", oci.Empty().Data)
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
