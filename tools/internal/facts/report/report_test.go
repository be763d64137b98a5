package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing/listingtest"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/facts/report"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// hostile is a name that HTML, JavaScript and terminals would obey.
const hostile = "<script>alert(1)<\\script>\"'&\x1b[31m\u202e"

// document returns JSON.
func document(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// image returns the manifest and the config of an image with layers and settings.
func image(t *testing.T, layers [][]byte, run map[string]any) (manifest, config []byte) {
	t.Helper()
	m := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest}
	diffIDs := []digest.Digest{}
	var history []any
	for _, l := range layers {
		m.Layers = append(m.Layers, oci.Descriptor{MediaType: oci.MediaTypeLayer, Digest: digest.FromBytes(l), Size: int64(len(l))})
		diffIDs = append(diffIDs, digest.FromBytes(l))
		history = append(history, map[string]any{"created_by": "made " + hostile}, map[string]any{"empty_layer": true})
	}
	config = document(t, map[string]any{"architecture": "amd64", "os": "linux", "config": run, "history": history,
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs}})
	m.Config = oci.Descriptor{MediaType: oci.MediaTypeConfig, Digest: digest.FromBytes(config), Size: int64(len(config))}
	return document(t, m), config
}

// input is that of an image with two layers, the first of which is its base. The upper one replaces a file and deletes another.
func input(t *testing.T) report.Input {
	t.Helper()
	lower := imagetest.Tar(t, imagetest.File{Name: "etc/a", Data: "12345"}, imagetest.File{Name: "etc/b", Data: "1234567"},
		imagetest.File{Name: "kept", Data: "same"})
	upper := imagetest.Tar(t, imagetest.File{Name: "etc/a", Data: "1"}, imagetest.File{Name: "etc/.wh.b"},
		imagetest.File{Name: "copy", Data: "same"}, imagetest.File{Name: "hard", Type: '1', Link: "copy"},
		imagetest.File{Name: "soft", Type: '2', Link: hostile}, imagetest.File{Name: hostile, Data: "x"})
	layers := [][]byte{lower, upper}
	path := filepath.Join(t.TempDir(), "listing")
	listingtest.Write(t, path, layers...)
	set, err := listing.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	in := report.Input{Label: "@@//:image", Listings: set, Keys: map[digest.Digest]string{
		digest.FromBytes(lower): "low", digest.FromBytes(upper): "up"}}
	in.Manifest, in.Config = image(t, layers, map[string]any{"User": "7", "Env": []string{"A=2", "B=" + hostile}})
	base := report.BaseInput{Label: "@@//:base"}
	base.Manifest, base.Config = image(t, layers[:1], map[string]any{"Env": []string{"A=1"}, "StopSignal": "TERM"})
	in.Bases = []report.BaseInput{base}
	in.Packages = &sbom.Document{
		Components: []sbom.Component{
			{PURL: "pkg:deb/debian/z@1", Type: "deb", Name: "z", Version: "1", License: "MIT", Places: []sbom.Place{
				{Layer: digest.FromBytes(upper), Path: "/etc/a", Label: "//:up"}, {Layer: digest.FromBytes(lower), Label: "//:low"}}},
			{PURL: "pkg:npm/%3C@1", Type: "npm", Group: "@a", Name: hostile, Places: []sbom.Place{{Label: "//:image"}}},
		},
		Incomplete: []string{hostile},
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"low.origins":      "kind\tMkLayer\nlabel\t@@//:low\nowner\tbazel-out/x\t@@m~~e~dep//p:x\n",
		"low.origins.args": "--file=/etc/a=bazel-out/x\n--file=/etc/b=bazel-out/x\n--file=/kept=src\n",
		"up.origins":       "kind\tMkLayer\nlabel\t@@//:up\nowner\ta/src\t@@//a:src\n",
		"up.origins.args":  "--file=/etc/a=a/src\n--remove=/etc/b\n",
	} {
		imagetest.WriteFile(t, filepath.Join(dir, name), []byte(text))
	}
	in.Origins, err = origins.Image{Layers: []origins.Files{{Key: "low", Paths: []string{"low.origins"}},
		{Key: "up", Paths: []string{"up.origins"}}}}.Open(context.Background(), dir, dir)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func made(t *testing.T, in report.Input) (*report.Report, string) {
	t.Helper()
	r, err := report.Make(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

// The sums add up, and each byte belongs to one target.
func TestSums(t *testing.T) {
	r, _ := made(t, input(t))
	want := report.Sizes{Compressed: 11776, Uncompressed: 11776, Contents: 22, Headers: 11754, Visible: 10, Wasted: 12, WastedInBase: 12,
		WastedCompressed: 12, Duplicate: 4, Files: 4}
	if r.Sizes != want {
		t.Errorf("got  %+v\nwant %+v", r.Sizes, want)
	}
	wasted := []report.Wasted{{"/etc/b", 7, 1, "@@m~~e~dep//p:x", 0}, {"/etc/a", 5, 1, "@@m~~e~dep//p:x", 2}}
	if !slices.Equal(r.Wasted, wasted) {
		t.Errorf("got %+v", r.Wasted)
	}
	shares := map[string]int64{}
	for _, s := range r.Targets {
		shares[s.Name] = s.Contents
	}
	for name, want := range map[string]int64{"@@m~~e~dep//p:x": 12, "//a (source files)": 1, "@@//:low": 4, "": 5, "headers and padding": 11754} {
		if shares[name] != want {
			t.Errorf("%q: %d, want %d", name, shares[name], want)
		}
	}
	if r.Tree.Contents != r.Sizes.Visible || r.Tree.Files != r.Sizes.Files || len(r.Duplicates) != 1 ||
		!slices.Equal(r.Duplicates[0].Paths, []string{"/copy", "/kept"}) {
		t.Errorf("%+v, %+v", r.Tree, r.Duplicates)
	}
}

// Packages are sorted by name, and name their layers and targets.
func TestPackages(t *testing.T) {
	r, _ := made(t, input(t))
	want := []report.Package{
		{PURL: "pkg:npm/%3C@1", Name: "@a/" + hostile, Targets: []string{"//:image"}},
		{PURL: "pkg:deb/debian/z@1", Name: "z", Version: "1", License: "MIT", Layers: []int{1, 2}, Targets: []string{"//:low", "//:up"}},
	}
	if !reflect.DeepEqual(r.Packages, want) || !slices.Equal(r.PackagesUnknown, []string{hostile}) {
		t.Errorf("got %+v, %q", r.Packages, r.PackagesUnknown)
	}
}

// A name from the image cannot become markup or a control character.
func TestHTML(t *testing.T) {
	_, page := made(t, input(t))
	for _, bad := range []string{"<script", "\x1b", "\u202e", "\"'&"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if _, again := made(t, input(t)); again != page {
		t.Error("the page differs")
	}
	golden := filepath.Join("testdata", "report.html")
	if *update {
		imagetest.WriteFile(t, golden, []byte(page))
	}
	want, err := os.ReadFile(golden)
	if err != nil || page != string(want) {
		t.Errorf("%v; the page differs from %s, which -update rewrites", err, golden)
	}
}

// A layer without a listing is stated, and nothing is guessed.
func TestIncomplete(t *testing.T) {
	in := input(t)
	set, err := listing.Open()
	if err != nil {
		t.Fatal(err)
	}
	in.Listings, in.Origins, in.Bases = set, nil, nil
	r, page := made(t, in)
	if r.Unread != 2 || r.Tree != nil || len(r.Wasted) > 0 || r.Sizes.Compressed != 11776 || !strings.Contains(page, "Incomplete: 2 of 2 layers") {
		t.Errorf("%+v", r)
	}
}

func TestRefused(t *testing.T) {
	for want, change := range map[string]func(in *report.Input){
		"manifest: ":       func(in *report.Input) { in.Manifest = []byte("[]") },
		"layer 1: ":        func(in *report.Input) { in.Manifest = []byte(`{"schemaVersion":2,"layers":[{}]}`) },
		"config: ":         func(in *report.Input) { in.Config = []byte("x") },
		"base @@//:base: ": func(in *report.Input) { in.Bases[0].Manifest = nil },
		"base: config: ":   func(in *report.Input) { in.Bases[0].Config = []byte("[]") },
	} {
		in := input(t)
		change(&in)
		if r, err := report.Make(context.Background(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %+v, %v; want %s", r, err, want)
		}
	}
}

// The page lists the differences from another image, one a line, and escapes them.
func TestBefore(t *testing.T) {
	in := input(t)
	if _, page := made(t, in); strings.Contains(page, "Differences from") {
		t.Error("there is nothing to compare with")
	}
	before, after := "1", hostile
	in.Before = &report.Comparison{Label: "@@//:old", Differences: difference.Report{
		Config: []difference.Change{{Key: "user", Before: &before, After: &after}},
		Files:  []difference.File{{Path: "/new", Change: difference.Added}},
	}}
	_, page := made(t, in)
	for _, want := range []string{"Differences from //:old</h2>", "~ config user 1 -&gt; ", "\n+ file /new\n</pre>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, hostile) {
		t.Error("the page contains text that is not escaped")
	}
	in.Before.Differences = difference.Report{}
	if _, page := made(t, in); !strings.Contains(page, "Differences from //:old</h2>\n<p class=d>None.</p>") {
		t.Error("the page does not state that there is no difference")
	}
}
