package layout_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// A layout of several images has each blob once, and names by which a client finds one image.
func TestWriteAll(t *testing.T) {
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "one")
	two := store.AddImage(t, "linux/arm64", oci.Gzip, "base", "two")
	index := store.AddIndex(t, one, two)
	images := []layout.Image{
		{Root: one, Names: names(t, "localhost/one", "localhost/other:latest", "localhost/one:v1")},
		{Root: two, Names: names(t, "localhost/two", "localhost/two:v2")},
		{Root: index},
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.WriteAll(ctx, dir, store, images); err != nil {
		t.Fatal(err)
	}
	checkLayout(t, dir)
	all := files(t, dir)
	if len(all) != len(store)+2 {
		t.Errorf("%d files, want %d blobs and 2: %q", len(all), len(store), slices.Sorted(maps.Keys(all)))
	}
	var written oci.Index
	if err := json.Unmarshal([]byte(all[layout.IndexFile]), &written); err != nil {
		t.Fatal(err)
	}
	var got [][3]string
	for _, d := range written.Manifests {
		got = append(got, [3]string{d.Digest.String(), d.Annotations[layout.AnnotationTag], d.Annotations[layout.AnnotationName]})
	}
	// "latest" is the tag of two images, so it does not identify one.
	want := [][3]string{
		{one.Digest.String(), "localhost/one:latest", "localhost/one:latest"},
		{one.Digest.String(), "localhost/other:latest", "localhost/other:latest"},
		{one.Digest.String(), "v1", "localhost/one:v1"},
		{two.Digest.String(), "localhost/two:latest", "localhost/two:latest"},
		{two.Digest.String(), "v2", "localhost/two:v2"},
		{index.Digest.String(), "", ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

// An image with the same tag in two names is still one image.
func TestIndexAllSameImage(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	one, err := layout.Index(root, names(t, "localhost/a:v1", "localhost/b:v1"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := layout.IndexAll([]layout.Image{
		{Root: root, Names: names(t, "localhost/a:v1")}, {Root: root, Names: names(t, "localhost/b:v1")},
	})
	if err != nil || string(all) != string(one) {
		t.Errorf("%s, %v, want %s", all, err, one)
	}
}

func TestWriteAllRefuses(t *testing.T) {
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "one")
	two := store.AddImage(t, "linux/amd64", oci.Gzip, "two")
	delete(store, store.Manifest(t, two).Layers[0].Digest)
	dir := filepath.Join(t.TempDir(), "layout")
	err := layout.WriteAll(ctx, dir, store, []layout.Image{{Root: one}, {Root: two}})
	if !errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v, want %v", err, content.ErrNotFound)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
}
