package sbom_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var update = flag.Bool("update", false, "rewrite the golden documents, which e2e/sbom checks with other programs")

// A fixture has images whose layers are read as the build reads them.
type fixture struct {
	t        *testing.T
	store    imagetest.Store
	in       sbom.Inputs
	listings []string
}

func newFixture(t *testing.T) *fixture {
	return &fixture{t: t, store: make(imagetest.Store), in: sbom.Inputs{
		Labels: make(map[digest.Digest][]string), Packages: make(map[digest.Digest]packages.Layer),
	}}
}

type files = []imagetest.File

func text(name, data string) imagetest.File { return imagetest.File{Name: name, Data: data} }

// layer adds the listing and the packages of a layer, and returns its descriptor and its diff ID.
func (f *fixture) layer(label string, known bool, entries files) (oci.Descriptor, digest.Digest) {
	f.t.Helper()
	plain := imagetest.Tar(f.t, entries...)
	d := f.store.Add(oci.Gzip.MediaType(), imagetest.Pack(f.t, oci.Gzip, plain))
	f.in.AddLabel(d.Digest, label)
	if !known {
		return d, digest.FromBytes(plain)
	}
	path := filepath.Join(f.t.TempDir(), "listing")
	out, err := listing.Create(path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer out.Abort()
	scanner := packages.Scanner{Scratch: f.t.TempDir()}
	want := listing.Header{DiffID: digest.FromBytes(plain), Digest: d.Digest, Size: d.Size}
	look := func(e listing.Entry, content io.Reader) error {
		if e.Type != "file" {
			return nil
		}
		return scanner.Add(e.Path, e.Size, content)
	}
	if err := out.Add(context.Background(), bytes.NewReader(f.store[d.Digest]), want, look); err != nil {
		f.t.Fatal(err)
	}
	if err := out.Commit(); err != nil {
		f.t.Fatal(err)
	}
	f.listings = append(f.listings, path)
	f.in.Packages[d.Digest] = packages.Layer{Digest: d.Digest, DiffID: want.DiffID, Files: scanner.Files()}
	return d, want.DiffID
}

// image adds an image of layers, and returns the descriptor of its manifest.
func (f *fixture) image(architecture string, layers ...oci.Descriptor) oci.Descriptor {
	config := f.store.AddJSON(f.t, oci.MediaTypeConfig, map[string]any{
		"architecture": architecture, "os": "linux", "rootfs": oci.RootFS{Type: "layers"},
	})
	return f.store.AddJSON(f.t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: layers,
	})
}

// document returns the document of an image or an index.
func (f *fixture) document(root oci.Descriptor) *sbom.Document {
	f.t.Helper()
	var err error
	if f.in.Root, err = outline.Of(context.Background(), f.store, root); err != nil {
		f.t.Fatal(err)
	}
	if f.in.Listings, err = listing.Open(f.listings...); err != nil {
		f.t.Fatal(err)
	}
	f.in.Label = "//app:image"
	d, err := sbom.New(f.in)
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

const status = "Package: base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2+b1\nMaintainer: A B <a@example.org>\n"

// everything is an image on two bases, one of which is known, with packages of each kind.
func everything(t *testing.T) (*fixture, oci.Descriptor) {
	f := newFixture(t)
	remote, _ := f.layer("@@base//:image", false, files{text("x", "y")})
	base, _ := f.layer("//base:debian", true, files{
		text("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
		text("usr/share/doc/base/copyright", "Format: https://example.org\n\nFiles: *\nLicense: GPL-2+ or custom\n"),
		text("var/lib/dpkg/status", status),
		text("opt/node_modules/gone/package.json", `{"name":"gone","version":"1"}`),
	})
	app, _ := f.layer("//app:layer", true, files{
		text("var/lib/dpkg/status", status+"\nPackage: more\nVersion: 1\n"),
		text("app/node_modules/@s/lib/package.json", `{"name":"@s/lib","version":"1.0.0","license":"MIT"}`),
		text("app/two/node_modules/@s/lib/package.json", `{"name":"@s/lib","version":"1.0.0","license":"MIT"}`),
		text("app/node_modules/damaged/package.json", `{`),
		text("x/odd-1.dist-info/METADATA", "Name: Odd\nVersion: 1\nLicense: Odd License\n"),
		text("opt/node_modules/.wh.gone", ""),
	})
	d := f.image("amd64", remote, base, app)
	f.in.Bases = []sbom.Base{
		{Label: "//base:debian", Digest: f.image("amd64", remote, base).Digest, Layers: []digest.Digest{remote.Digest, base.Digest}},
		{Label: "@@base//:image", Repository: "r.example.com/team/base", Digest: f.image("amd64", remote).Digest,
			Layers: []digest.Digest{remote.Digest}},
	}
	f.in.Origin = func(layer digest.Digest, path string) string {
		switch {
		case layer == app.Digest && strings.Contains(path, "/node_modules/"):
			return "@npm//:lib"
		case layer == app.Digest:
			return "//app:layer"
		}
		return ""
	}
	f.in.Declared = []sbom.Declared{
		{Layer: "//app:layer", Label: "@@go//:package_metadata", PURL: "pkg:golang/example.com/mod@v1.2.3", Licenses: []string{"BSD-3-Clause"}},
		{Layer: "//app:layer", Label: "@@npm//:lib", PURL: "pkg:npm/%40s/lib@1.0.0"},
		{Layer: "//app:other", Label: "@@go//:other", PURL: "pkg:golang/example.com/other@v1.0.0"},
	}
	return f, d
}

// TestGolden compares the documents with files that programs of others accept: go test -C e2e/sbom.
func TestGolden(t *testing.T) {
	f, image := everything(t)
	arm, _ := f.layer("//app:layer", true, files{text("app/node_modules/@s/lib/package.json", `{"name":"@s/lib","version":"1.0.0","license":"MIT"}`)})
	index := f.store.AddIndex(t, image, f.image("arm64", arm), oci.Descriptor{
		MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes([]byte("elsewhere")), Size: 1,
	})
	for _, c := range []struct {
		name, created string
		root          oci.Descriptor
		format        sbom.Format
	}{
		{"image.spdx.json", "", image, sbom.SPDX},
		{"image.cdx.json", "", image, sbom.CycloneDX},
		{"image.table.json", "", image, sbom.Table},
		{"index.spdx.json", "2026-01-02T03:04:05Z", index, sbom.SPDX},
		{"index.cdx.json", "2026-01-02T03:04:05Z", index, sbom.CycloneDX},
	} {
		got, err := f.document(c.root).Write(c.format, c.created)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", c.name)
		if *update {
			imagetest.WriteFile(t, golden, got)
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s\ngo test -update rewrites it", golden, got, want)
		}
	}
}

// The order of inputs does not matter, and an input more is another document, with another identifier.
func TestBytes(t *testing.T) {
	first := make(map[sbom.Format][]byte)
	for round := range 3 {
		f, image := everything(t)
		switch round {
		case 1:
			for i, j := 0, len(f.in.Declared)-1; i < j; i, j = i+1, j-1 {
				f.in.Declared[i], f.in.Declared[j] = f.in.Declared[j], f.in.Declared[i]
			}
			f.in.Bases[0], f.in.Bases[1] = f.in.Bases[1], f.in.Bases[0]
			f.listings[0], f.listings[1] = f.listings[1], f.listings[0]
		case 2:
			f.in.Declared = f.in.Declared[:2]
		}
		for _, format := range []sbom.Format{sbom.SPDX, sbom.CycloneDX, sbom.Table} {
			got, err := f.document(image).Write(format, "")
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first[format] = got
				continue
			}
			if same := bytes.Equal(got, first[format]); same != (round == 1) {
				t.Errorf("round %d, %s: the documents are the same: %t", round, format, same)
			}
			if id := identifier(got); round == 2 && format != sbom.Table && id == identifier(first[format]) {
				t.Errorf("%s: two documents have the identifier %q", format, id)
			}
		}
	}
}

func identifier(document []byte) string {
	_, rest, _ := strings.Cut(string(document), "urn:uuid:")
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func TestDisallowed(t *testing.T) {
	f, image := everything(t)
	var names []string
	for _, c := range f.document(image).Disallowed([]string{"MIT", "GPL-2.0-or-later"}) {
		names = append(names, fmt.Sprintf("%s %s", c.FullName(), c.License))
	}
	const want = "more , example.com/mod BSD-3-Clause, example.com/other , odd LicenseRef-Odd-License"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	f, image := everything(t)
	f.in.Declared[0].PURL = "nonsense"
	var err error
	if f.in.Root, err = outline.Of(context.Background(), f.store, image); err != nil {
		t.Fatal(err)
	}
	if f.in.Listings, err = listing.Open(f.listings...); err != nil {
		t.Fatal(err)
	}
	const want = `@@go//:package_metadata: package URL "nonsense": not a package URL, expected pkg:TYPE/NAMESPACE/NAME@VERSION`
	if _, err := sbom.New(f.in); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
