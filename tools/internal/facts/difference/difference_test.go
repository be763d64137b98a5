package difference_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing/listingtest"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// image adds an image with settings and layers.
func image(t *testing.T, store imagetest.Store, run map[string]any, layers ...[]byte) difference.Side {
	t.Helper()
	diffIDs, descriptors := []digest.Digest{}, []oci.Descriptor{}
	for _, layer := range layers {
		diffIDs = append(diffIDs, digest.FromBytes(layer))
		descriptors = append(descriptors, store.Add(oci.MediaTypeLayer, layer))
	}
	config := store.AddJSON(t, oci.MediaTypeConfig, map[string]any{
		"architecture": "amd64", "os": "linux", "config": run, "rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	d := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: descriptors,
	})
	return difference.Side{Source: store, Manifest: d}
}

func text(t *testing.T, r difference.Report) string {
	t.Helper()
	var b strings.Builder
	if err := difference.Text(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOf(t *testing.T) {
	store := make(imagetest.Store)
	shared := imagetest.Tar(t, imagetest.File{Name: "shared", Data: "s"}, imagetest.File{Name: "same", Data: "abc"})
	lower := imagetest.Tar(t, imagetest.File{Name: "content", Data: "abc"}, imagetest.File{Name: "equal", Data: "abc"},
		imagetest.File{Name: "gone", Data: "x"}, imagetest.File{Name: "link", Link: "a", Type: '2'},
		imagetest.File{Name: "kind", Data: "x"})
	upper := imagetest.Tar(t, imagetest.File{Name: "content", Data: "abd"}, imagetest.File{Name: "equal", Data: "abc"},
		imagetest.File{Name: "new/file", Data: "x"}, imagetest.File{Name: "link", Link: "b", Type: '2'},
		imagetest.File{Name: "kind", Link: "x", Type: '2'})
	before := image(t, store, map[string]any{
		"Cmd": []string{"a"}, "Env": []string{"A=1", "B=2"}, "Labels": map[string]string{"x": "1"}, "User": "", "StopSignal": "TERM",
	}, shared, lower)
	after := image(t, store, map[string]any{
		"Cmd": []string{"a", "b"}, "Env": []string{"B=3", "A=1"}, "Labels": map[string]string{"y": "1"}, "WorkingDir": "/w",
	}, shared, upper)
	sum := func(data string) string { return digest.FromBytes([]byte(data)).String() }
	want := strings.Join([]string{
		"~ manifest " + before.Manifest.Digest.String() + " -> " + after.Manifest.Digest.String(),
		`~ config Cmd ["a"] -> ["a","b"]`,
		`~ config Env.B B=2 -> B=3`,
		`- config Labels.x "1"`,
		`+ config Labels.y "1"`,
		`- config StopSignal "TERM"`,
		`+ config WorkingDir "/w"`,
		"- layer " + digest.FromBytes(lower).String() + " (" + size(lower) + " bytes)",
		"+ layer " + digest.FromBytes(upper).String() + " (" + size(upper) + " bytes)",
		"~ file /content: content " + sum("abc") + " -> " + sum("abd"),
		"~ file /kind: mode 0644, size 1, target x, type file -> symlink",
		"~ file /link: target a -> b",
		"+ file /new",
		"~ file /new/file, moved from /gone",
	}, "\n") + "\n"
	report, err := difference.Of(context.Background(), before, after)
	if got := text(t, report); err != nil || got != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	same, err := difference.Of(context.Background(), before, before)
	if err != nil || !same.IsEmpty() || !reflect.DeepEqual(same, difference.Report{}) {
		t.Errorf("%+v, %v", same, err)
	}
	// Another order of the layers is a difference of the file systems only where they overlap.
	swapped := image(t, store, map[string]any{}, upper, shared)
	straight := image(t, store, map[string]any{}, shared, upper)
	report, err = difference.Of(context.Background(), straight, swapped)
	if err != nil || report.Manifest == nil || len(report.Layers) > 0 || len(report.Files) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// listed returns the side with listings of its layers instead of their blobs.
func listed(t *testing.T, store imagetest.Store, s difference.Side) difference.Side {
	t.Helper()
	path := filepath.Join(t.TempDir(), "listing")
	manifest := store.Manifest(t, s.Manifest)
	documents := imagetest.Store{s.Manifest.Digest: store[s.Manifest.Digest], manifest.Config.Digest: store[manifest.Config.Digest]}
	var layers [][]byte
	for _, d := range manifest.Layers {
		layers = append(layers, store[d.Digest])
	}
	listingtest.Write(t, path, layers...)
	set, err := listing.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return difference.Side{Source: documents, Manifest: s.Manifest, Listings: set}
}

// Each class of change, from blobs and from listings, with and without what is ignored.
func TestClasses(t *testing.T) {
	store := make(imagetest.Store)
	file := func(name, data string) imagetest.File { return imagetest.File{Name: name, Data: data} }
	lower := imagetest.Tar(t, file("same", "s"))
	one := imagetest.Tar(t, file("old", "moved"), file("gone", "12345678"), file("empty", ""), file("content", "a"), file("type", "x"))
	two := imagetest.Tar(t, file("dir/new", "moved"), file("added", "12345679"), file("void", ""), file("content", "b"),
		imagetest.File{Name: "type", Type: '2', Link: "x"})
	for name, c := range map[string]struct {
		before, after difference.Side
		ignore        []string
		want          string
	}{
		"files": {image(t, store, nil, lower, one), image(t, store, nil, lower, two), []string{"layers"}, `+ file /added
~ file /content: content ` + digest.FromBytes([]byte("a")).String() + " -> " + digest.FromBytes([]byte("b")).String() + `
+ file /dir
~ file /dir/new, moved from /old
- file /empty
- file /gone
~ file /type: mode 0644, size 1, target x, type file -> symlink
+ file /void
`},
		"split": {image(t, store, nil, imagetest.Tar(t, file("a", "1"), file("b", "2"))),
			image(t, store, nil, imagetest.Tar(t, file("a", "1")), imagetest.Tar(t, file("b", "2"))), nil, "="},
		"split, ignored": {image(t, store, nil, imagetest.Tar(t, file("a", "1"), file("b", "2"))),
			image(t, store, nil, imagetest.Tar(t, file("a", "1")), imagetest.Tar(t, file("b", "2"))), []string{"layers"}, ""},
		"config, ignored": {image(t, store, map[string]any{"User": "1"}, one), image(t, store, nil, one), []string{"config"}, ""},
		"config":          {image(t, store, map[string]any{"User": "1"}, one), image(t, store, nil, one), []string{"mtime"}, "- config User \"1\"\n"},
	} {
		for _, sides := range [][2]difference.Side{{c.before, c.after}, {listed(t, store, c.before), listed(t, store, c.after)}} {
			r, err := difference.Of(context.Background(), sides[0], sides[1])
			if err != nil {
				t.Fatal(err)
			}
			if r, err = r.Without(c.ignore...); err != nil {
				t.Fatal(err)
			}
			got := text(t, r)
			if c.want == "=" {
				if !r.LayersOnly() || !strings.HasSuffix(got, "= the settings and the file systems are the same\n") {
					t.Errorf("%s: got\n%s", name, got)
				}
			} else if got != c.want {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
			}
		}
	}
}

// Metadata is compared in full and ignored by name.
func TestWithout(t *testing.T) {
	text := func(s string) *string { return &s }
	change := func(key string) difference.Change {
		return difference.Change{Key: key, Before: text("a"), After: text("b")}
	}
	r := difference.Report{
		Manifest: &difference.Change{}, Annotations: []difference.Change{change("x")}, Config: []difference.Change{change("y")},
		Layers: []difference.Layer{{Change: difference.Added}},
		Files: []difference.File{
			{Path: "/moved", Change: difference.Moved, From: "/m", Details: []difference.Change{change("time")}},
			{Path: "/one", Change: difference.Metadata, Details: []difference.Change{change("mode"), change("owner"), change("time"), change("xattr a")}},
			{Path: "/two", Change: difference.Added},
		},
	}
	for _, c := range []struct {
		names                                       []string
		manifest, annotations, config, layers, keys int
	}{
		{nil, 1, 1, 1, 1, 5},
		{[]string{"config"}, 0, 1, 0, 1, 5},
		{[]string{"annotations"}, 0, 0, 1, 1, 5},
		{[]string{"layers"}, 0, 1, 1, 0, 5},
		{[]string{"mtime"}, 0, 1, 1, 0, 3},
		{[]string{"mtime", "mode", "owner", "xattrs"}, 0, 1, 1, 0, 0},
	} {
		got, err := r.Without(c.names...)
		keys := 0
		for _, f := range got.Files {
			keys += len(f.Details)
		}
		if err != nil || (got.Manifest != nil) != (c.manifest == 1) || len(got.Annotations) != c.annotations ||
			len(got.Config) != c.config || len(got.Layers) != c.layers || keys != c.keys {
			t.Errorf("%q: %v, got %+v", c.names, err, got)
		}
	}
	if _, err := r.Without("x"); err == nil {
		t.Error("no error for an unknown name")
	}
	for _, name := range difference.Ignorable {
		if _, err := r.Without(name); err != nil {
			t.Error(err)
		}
	}
}

func size(data []byte) string { return strconv.Itoa(len(data)) }

// A missing or a damaged layer is an error, not a difference.
func TestFails(t *testing.T) {
	store := make(imagetest.Store)
	a := image(t, store, nil, imagetest.Tar(t, imagetest.File{Name: "a", Data: "a"}))
	layer := imagetest.Tar(t, imagetest.File{Name: "a", Data: "b"})
	b := image(t, store, nil, layer)
	delete(store, digest.FromBytes(layer))
	if _, err := difference.Of(context.Background(), a, b); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	delete(store, b.Manifest.Digest)
	if _, err := difference.Of(context.Background(), a, b); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}
