package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
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
		f, err := listing.Create(dir.Path(name + ".listing"))
		if err != nil {
			dir.T.Fatal(err)
		}
		defer f.Abort()
		for _, d := range manifest.Layers {
			want := listing.Header{DiffID: digest.FromBytes(store[d.Digest]), Digest: d.Digest, Size: d.Size}
			if err := f.Add(context.Background(), bytes.NewReader(store[d.Digest]), want, nil); err != nil {
				dir.T.Fatal(err)
			}
		}
		if err := f.Commit(); err != nil {
			dir.T.Fatal(err)
		}
	}
}
