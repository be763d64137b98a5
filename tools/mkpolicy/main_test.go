package main

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing/listingtest"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/tooltest"
)

func TestMain(m *testing.M) { tooltest.Main(m, "mkpolicy", main) }

func TestScripts(t *testing.T) { tooltest.Run(t, setup, nil) }

// found has the packages of each layer.
var found = map[string]packages.File{
	"base": {Path: "/bin/su", Packages: []packages.Package{{Type: "npm", Name: "c", Version: "1"}}},
	"own": {Path: "/app/open", Packages: []packages.Package{
		{Type: "npm", Name: "a", Version: "1", Licenses: []string{"MIT"}},
		{Type: "npm", Name: "b", Version: "2", Licenses: []string{"GPL-3.0-only"}},
	}},
}

// setup writes an image with a layer of a base and a layer of the build, and the descriptor, the listing and the packages of each.
func setup(dir tooltest.Folder) {
	store := make(imagetest.Store)
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest}
	for name, headers := range map[string][]tar.Header{
		"base": {{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "bin/su", Mode: 0o4755}, {Name: "bin/old", Mode: 0o2755}},
		"own": {
			{Name: "app/", Typeflag: tar.TypeDir, Mode: 0o1777}, {Name: "app/open", Mode: 0o666}, {Name: "bin/.wh.old"},
			{Name: "root/.ssh/id_rsa", Mode: 0o600}, {Name: "var/lib/rpm/rpmdb.sqlite"}, {Name: "link", Typeflag: tar.TypeLink, Linkname: "bin/su"},
		},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range headers {
			if err := w.WriteHeader(&h); err != nil {
				dir.T.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			dir.T.Fatal(err)
		}
		d := store.Add(oci.MediaTypeLayer, b.Bytes())
		layer := wire.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest}
		if name == "base" {
			layer.Sources = []string{"docker.io/library/debian"}
			manifest.Layers = append([]oci.Descriptor{d}, manifest.Layers...)
		} else {
			manifest.Layers = append(manifest.Layers, d)
		}
		dir.Describe(name+".json", layer)
		listingtest.Write(dir.T, dir.Path(name+".listing"), b.Bytes())
		files := map[string]packages.File{name: found[name]}
		if name == "own" {
			files["rpm"] = packages.File{Path: "/var/lib/rpm/rpmdb.sqlite", Problem: "a\nb"}
		}
		for name, file := range files {
			if err := packages.Write(dir.Path(name+".packages"), []packages.Layer{{Digest: d.Digest, DiffID: d.Digest, Files: []packages.File{file}}}); err != nil {
				dir.T.Fatal(err)
			}
		}
	}
	listingtest.Write(dir.T, dir.Path("none.listing"))
	dir.Describe("manifest.json", manifest)
}
