package check

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check/rawtar"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func openBytes(data []byte) opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// inspect builds the layout of a case and checks it.
func (c testCase) inspect(t testing.TB) Report {
	t.Helper()
	files := build(t, c.fault)
	var report Report
	var err error
	switch c.door {
	case throughLayout:
		report, err = Layout(context.Background(), writeLayout(t, files), c.options)
	case throughArchive:
		report, err = Archive(context.Background(), writeArchive(t, files, c.fault.archive), c.options)
	case throughUnreadable:
		src := failing{memory(files), oci.MediaTypeLayerGzip}
		report, err = Image(context.Background(), src, rootOf(t, files), c.options)
	}
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// failing is a source whose blobs of one media type cannot be read beyond 100 bytes.
type failing struct {
	content.Source
	mediaType string
}

func (f failing) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := f.Source.Open(ctx, d)
	if err != nil || d.MediaType != f.mediaType {
		return r, err
	}
	broken := io.MultiReader(io.LimitReader(r, 100), brokenReader{})
	return struct {
		io.Reader
		io.Closer
	}{broken, r}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestGoodImage(t *testing.T) {
	want := Report{Manifests: 2, Layers: 4, Entries: 16 + 4 + 1 + 1}
	for name, fault := range map[string]fault{
		"unchanged": {},
		"docker":    {docker: goodDocker},
		"nested":    nest(7),
		"two gzip members": {blob: func(data []byte) []byte {
			return append(data, pack(t, oci.Gzip, nil)...)
		}},
		"two zstd frames and a skippable one": {layer: 1, blob: func(data []byte) []byte {
			return slices.Concat([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"), data, pack(t, oci.Zstd, nil))
		}},
		"more zero blocks": {tar: appendTo(strings.Repeat("\x00", 8<<10))},
		"no annotations":   {manifest: func(d doc) { delete(d, "annotations") }},
		"no history":       {config: func(d doc) { delete(d, "history") }},
		"embedded data": {index: func(d doc) {
			d["manifests"].([]any)[1].(doc)["data"] = goodManifest(t)
		}},
	} {
		want := want
		if fault.layer == 0 && (fault.tar != nil || fault.blob != nil) { // the images no longer share a layer
			want.Layers, want.Entries = 5, 22+16
		}
		files := build(t, fault)
		reports := make(map[string]Report)
		for door, open := range map[string]func() (Report, error){
			"layout": func() (Report, error) {
				if fault.docker != nil {
					delete(files, "manifest.json")
				}
				return Layout(context.Background(), writeLayout(t, files), Options{})
			},
			"archive": func() (Report, error) {
				return Archive(context.Background(), writeArchive(t, build(t, fault), nil), Options{})
			},
			"image": func() (Report, error) {
				return Image(context.Background(), memory(files), rootOf(t, files), Options{})
			},
		} {
			report, err := open()
			if err != nil {
				t.Errorf("%s, %s: %v", name, door, err)
			}
			reports[door] = report
		}
		for door, report := range reports {
			if !reflect.DeepEqual(report, want) {
				t.Errorf("%s, %s: %+v, want %+v", name, door, report, want)
			}
		}
	}
}

// TestNoLayers checks that an image without layers is valid: image-spec only recommends one, and engines do not require it.
func TestNoLayers(t *testing.T) {
	files := build(t, fault{
		manifest: func(d doc) { d["layers"] = []any{} },
		config:   func(d doc) { d["rootfs"].(doc)["diff_ids"], d["history"] = []any{}, []any{} },
	})
	want := Report{Manifests: 2, Layers: 2, Entries: 17} // the layers of the other image
	report, err := Image(context.Background(), memory(files), rootOf(t, files), Options{})
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("%+v, %v, want %+v", report, err, want)
	}
}

// goodManifest returns the manifest of the good layout's second image in base64.
func goodManifest(t *testing.T) string {
	t.Helper()
	files := build(t, fault{})
	for _, data := range files {
		if bytes.Contains(data, []byte(`"org.example.key"`)) && !bytes.Contains(data, []byte(`layer.v1.tar"`)) {
			return base64.StdEncoding.EncodeToString(data)
		}
	}
	t.Fatal("no manifest without a plain layer")
	return ""
}

// The golden file contains no digests, because they change whenever the good image does.
var digests = regexp.MustCompile(`[0-9a-f]{64}|sha256:[0-9a-f]{12}\b`)

// TestCases compares all violations of all cases with testdata/violations.golden; "go test -update" rewrites it.
func TestCases(t *testing.T) {
	var text strings.Builder
	covered := make(map[string]bool)
	for _, c := range cases {
		report := c.inspect(t)
		fmt.Fprintf(&text, "# %s: %s\n", c.rule, c.name)
		found := false
		for i, v := range report.Violations {
			found = found || v.Rule == c.rule
			if _, known := houseRules[v.Rule]; !known {
				t.Errorf("%s: %s: the rule %q is not listed", c.rule, c.name, v.Rule)
			}
			if i < 20 {
				fmt.Fprintf(&text, "%s: %s: %s\n", v.Where, v.Rule, v.Text)
			}
		}
		if len(report.Violations) > 20 {
			fmt.Fprintf(&text, "(%d in all)\n", len(report.Violations))
		}
		if !found {
			t.Errorf("%s: %s: not reported", c.rule, c.name)
		}
		covered[c.rule] = true
	}
	for _, r := range Rules() {
		if !strings.HasSuffix(r.Text, ".") || strings.Contains(r.Text, "\n") {
			t.Errorf("rule %s: not a sentence: %q", r.ID, r.Text)
		}
		if !covered[r.ID] && r.ID != ruleLayoutFile { // TestSymlinks
			t.Errorf("no case breaks the rule %s", r.ID)
		}
	}
	golden := filepath.Join("testdata", "violations.golden")
	got := digests.ReplaceAllString(text.String(), "DIGEST")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the violations differ from %s:\n%s", golden, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s", i+1, g[i], strings.Join(w[i:min(i+1, len(w))], ""))
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

// TestLenient checks that fewer rules apply to the lowest layers, and only to those.
func TestLenient(t *testing.T) {
	for _, c := range slices.Concat(tarCases, entryCases) {
		if c.door != throughLayout {
			continue
		}
		bad := c.fault.layer
		c.options.Lenient = func(place int, _ digest.Digest) bool { return place < bad }
		strict := c.inspect(t)
		c.options.Lenient = func(place int, _ digest.Digest) bool { return place <= bad }
		lenient := c.inspect(t)
		var want []Violation
		for _, v := range strict.Violations {
			if !houseRules[v.Rule] && v.Rule != ruleReportLimit {
				want = append(want, v)
			}
		}
		if !reflect.DeepEqual(lenient.Violations, want) {
			t.Errorf("%s: %s: %v, want %v", c.rule, c.name, lenient.Violations, want)
		}
	}
}

func TestSymlinks(t *testing.T) {
	root := writeLayout(t, build(t, fault{}))
	links := t.TempDir()
	if err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		if err != nil || rel == "." {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(links, rel), 0o777)
		}
		return os.Symlink(path, filepath.Join(links, rel))
	}); err != nil {
		t.Fatal(err)
	}
	report, err := Layout(context.Background(), links, Options{FollowSymlinks: true})
	if want := (Report{Manifests: 2, Layers: 4, Entries: 22}); err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("following: %+v, %v, want %+v", report, err, want)
	}
	report, err = Layout(context.Background(), links, Options{})
	if err != nil {
		t.Fatal(err)
	}
	reported := make(map[string]int)
	for _, v := range report.Violations {
		reported[v.Rule]++
	}
	if want := map[string]int{ruleLayoutFile: 11, ruleLayoutMissing: 2}; !reflect.DeepEqual(reported, want) {
		t.Errorf("not following: %v, want %v", reported, want)
	}
	if err := os.Symlink("nowhere", filepath.Join(links, "blobs", "sha256", strings.Repeat("0", 64))); err != nil {
		t.Fatal(err)
	}
	report, err = Layout(context.Background(), links, Options{FollowSymlinks: true})
	want := []Violation{{
		"blobs/sha256/" + strings.Repeat("0", 64), ruleLayoutFile, "neither a regular file nor a directory",
	}}
	if err != nil || !reflect.DeepEqual(report.Violations, want) {
		t.Errorf("dangling: %v, %v, want %v", report.Violations, err, want)
	}
}

// TestForeignLayer checks that a non-distributable layer may be absent.
func TestForeignLayer(t *testing.T) {
	report := testCase{fault: fault{
		manifest: func(d doc) {
			layer := d["layers"].([]any)[2].(doc)
			layer["mediaType"] = "application/vnd.oci.image.layer.nondistributable.v1.tar"
			layer["urls"] = []any{"https://example.org/"}
		},
		files: dropLayer,
	}}.inspect(t)
	if want := (Report{Manifests: 2, Layers: 3, Entries: 21}); !reflect.DeepEqual(report, want) {
		t.Errorf("%+v, want %+v", report, want)
	}
}

// TestFeatures checks that an index may state an image's processor features, a field that image-spec reserves.
func TestFeatures(t *testing.T) {
	report := testCase{fault: child(func(d doc) { d["platform"].(doc)["features"] = []any{"sse4"} })}.inspect(t)
	if len(report.Violations) > 0 {
		t.Errorf("%v", report.Violations)
	}
}

// TestOptionalMediaType checks that a document may lack its mediaType if the options say so, and that a wrong one remains
// an error.
func TestOptionalMediaType(t *testing.T) {
	options := Options{OptionalMediaType: true}
	for value, want := range map[any]int{nil: 0, "text/plain": 1, 7: 2} {
		report := testCase{options: options, fault: manifest(func(d doc) {
			if d["mediaType"] = value; value == nil {
				delete(d, "mediaType")
			}
		})}.inspect(t)
		if len(report.Violations) != want {
			t.Errorf("%v: %v, want %d violations", value, report.Violations, want)
		}
	}
}

func TestNoSuchFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := Layout(context.Background(), missing, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Layout: %v", err)
	}
	if _, err := Archive(context.Background(), missing, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Archive: %v", err)
	}
	if _, err := Archive(context.Background(), t.TempDir(), Options{}); err == nil {
		t.Error("Archive: no error for a directory")
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	files := build(t, fault{})
	if _, err := Image(ctx, memory(files), rootOf(t, files), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Image: %v", err)
	}
	if _, err := Archive(ctx, writeArchive(t, files, nil), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Archive: %v", err)
	}
}

func TestRootDescriptor(t *testing.T) {
	files := build(t, fault{})
	for name, test := range map[string]struct {
		change func(d *oci.Descriptor)
		want   Violation
	}{
		"size": {
			func(d *oci.Descriptor) { d.Size = -1 },
			Violation{"root", ruleDescriptorSize, "size: -1 is not a size"},
		},
		"digest": {
			func(d *oci.Descriptor) { d.Digest = "sha256:x" },
			Violation{"root", ruleDescriptorDigest, `digest: digest "sha256:x": invalid checksum digest length`},
		},
		"media type": {
			func(d *oci.Descriptor) { d.MediaType = "text/plain" },
			Violation{"root", ruleIndexChild, string(rootOf(t, files).Digest) +
				` has the media type "text/plain", which is neither an image nor an index`},
		},
	} {
		root := rootOf(t, files)
		test.change(&root)
		report, err := Image(context.Background(), memory(files), root, Options{})
		if err != nil || !slices.Equal(report.Violations, []Violation{test.want}) {
			t.Errorf("%s: %v, %v, want %v", name, report.Violations, err, test.want)
		}
	}
}

// TestManyNames checks that the memory for names is bounded.
func TestManyNames(t *testing.T) {
	type reported struct{ entry, rule, text string }
	var all []reported
	e := newEntries(func(entry, rule, text string) { all = append(all, reported{entry, rule, text}) })
	n := 0
	for n < 1000 && e.add(rawtar.Header{Name: strings.Repeat("x/", 1<<19), Type: rawtar.TypeRegular}) {
		n++
	}
	want := reported{"", rawtar.RuleLimit, "the names need more than 268435456 bytes of memory"}
	if n != 255 || all[len(all)-1] != want {
		t.Errorf("%d names of a megabyte were accepted, the last problem reported is %.200v", n, all[len(all)-1:])
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		`plain "text" \ ü`:                   `plain "text" \ ü`,
		"line\nfeed \"x\"":                   `line\nfeed "x"`,
		"\x1b[31mred":                        `\x1b[31mred`,
		"\xff":                               `\xff`,
		strings.Repeat("ü", 600):             strings.Repeat("ü", 500) + "...",
		"x" + strings.Repeat("ü", 600):       "x" + strings.Repeat("ü", 499) + "...",
		strings.Repeat("\x80", 2000) + "end": strings.Repeat(`\x80`, 996) + "...",
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%.20q) = %q, want %q", text, got, want)
		}
	}
}
