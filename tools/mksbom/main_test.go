package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mksbom", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// setup writes an image of a layer with an npm package, and what mklisting finds in it.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	layer := imagetest.Tar(dir.T, imagetest.File{Name: "app/node_modules/a/package.json", Data: `{"name":"a","version":"1"}`})
	d := store.Add(oci.MediaTypeLayer, layer)
	config := store.AddJSON(dir.T, oci.MediaTypeConfig, map[string]any{
		"architecture": "amd64", "os": "linux", "rootfs": oci.RootFS{Type: "layers", DiffIDs: []digest.Digest{d.Digest}},
	})
	root := store.AddJSON(dir.T, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: []oci.Descriptor{d},
	})
	dir.Describe("app.json", root)
	dir.Write("app.manifest.json", store[root.Digest])
	dir.Write("app.config.json", store[config.Digest])
	dir.Describe("layer.json", wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest, UncompressedSize: d.Size})
	if err := list(dir, layer, listing.Header{DiffID: d.Digest, Digest: d.Digest, Size: d.Size}); err != nil {
		dir.T.Fatal(err)
	}
}

// list writes the listing and the packages of a layer.
func list(dir tooltest.Folder, layer []byte, want listing.Header) error {
	f, err := listing.Create(dir.Path("listing"))
	if err != nil {
		return err
	}
	defer f.Abort()
	var scanner packages.Scanner
	err = f.Add(context.Background(), bytes.NewReader(layer), want, func(e listing.Entry, content io.Reader) error {
		return scanner.Add(e.Path, e.Size, content)
	})
	if err != nil {
		return err
	}
	found := packages.Layer{Digest: want.Digest, DiffID: want.DiffID, Files: scanner.Files()}
	if err := packages.Write(dir.Path("packages"), []packages.Layer{found}); err != nil {
		return err
	}
	return f.Commit()
}
