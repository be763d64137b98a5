package difference_test

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
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
		"- file /gone",
		"~ file /kind: mode 0644, size 1, target x, type file -> symlink",
		"~ file /link: target a -> b",
		"+ file /new",
		"+ file /new/file",
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
