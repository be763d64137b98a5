package layout_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// ask is a source that notes which blobs are read.
type ask struct {
	imagetest.Store
	asked []oci.Descriptor
}

func (a *ask) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	a.asked = append(a.asked, d)
	return a.Store.Open(ctx, d)
}

func TestAdd(t *testing.T) {
	ctx := context.Background()
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "shared", "one")
	two := store.AddImage(t, "linux/amd64", oci.Gzip, "shared", "two")
	dir := filepath.Join(t.TempDir(), "layout")
	names := func(texts ...string) []reference.Reference {
		var all []reference.Reference
		for _, text := range texts {
			name, err := reference.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, name)
		}
		return all
	}
	tagged := func(d oci.Descriptor, tag string) oci.Descriptor {
		d.Annotations = map[string]string{layout.AnnotationTag: tag}
		return d
	}
	if err := layout.Write(ctx, dir, store, one, names("a:v1", "a:v2")); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		root  oci.Descriptor
		names []reference.Reference
		want  []string
	}{
		{two, names("a:v1"), []string{"one a:v2", "two a:v1"}},
		{two, names("b:v1"), []string{"one a:v2", "two a:v1", "two b:v1"}},
		{tagged(one, "v1"), nil, []string{"one a:v2", "one v1"}},
		{one, nil, []string{"one"}},
		{tagged(two, "x"), nil, []string{"one", "two x"}},
		{tagged(one, "x"), nil, []string{"one x"}},
		{two, names("c:x"), []string{"two c:x"}},
	} {
		if err := layout.Add(ctx, dir, store, step.root, step.names); err != nil {
			t.Fatal(err)
		}
		if got := describe(t, dir, one, two); !slices.Equal(got, step.want) {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	// The layout has everything of both, and reads nothing for what it has.
	source := &ask{Store: store}
	layers := store.Manifest(t, one).Layers
	if err := os.Remove(filepath.Join(dir, layout.BlobPath(layers[1].Digest))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, layout.BlobPath(layers[0].Digest)), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := layout.Add(ctx, dir, source, one, names("a:v1")); err != nil {
		t.Fatal(err)
	}
	for _, d := range source.asked {
		if d.Digest != one.Digest && d.Digest != layers[0].Digest && d.Digest != layers[1].Digest {
			t.Errorf("%s is read", d.Digest)
		}
	}
	report, err := check.Layout(ctx, dir, check.Options{})
	if err != nil || len(report.Violations) > 0 {
		t.Errorf("%v, %v", report.Violations, err)
	}
}

// describe lists the entries of index.json.
func describe(t *testing.T, dir string, one, two oci.Descriptor) []string {
	opened, err := layout.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range opened.Roots() {
		text := map[bool]string{true: "one", false: "two"}[d.Digest == one.Digest]
		for _, key := range []string{layout.AnnotationName, layout.AnnotationTag} {
			if name := d.Annotations[key]; name != "" {
				ref, err := reference.Parse(name)
				if key == layout.AnnotationName && err == nil {
					name = ref.Repository[len("library/"):] + ":" + ref.Tag
				}
				text += " " + name
				break
			}
		}
		all = append(all, text)
	}
	return all
}

// A blob that is not what its digest promises is not added, and index.json stays.
func TestAddFails(t *testing.T) {
	ctx := context.Background()
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "one")
	two := store.AddImage(t, "linux/amd64", oci.Gzip, "two")
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(ctx, dir, store, one, nil); err != nil {
		t.Fatal(err)
	}
	layer := store.Manifest(t, two).Layers[0]
	store[layer.Digest] = append([]byte{0}, store[layer.Digest][1:]...)
	if err := layout.Add(ctx, dir, store, two, nil); err == nil {
		t.Error("a damaged layer is added")
	}
	delete(store, layer.Digest)
	if err := layout.Add(ctx, dir, store, two, nil); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing layer: %v", err)
	}
	if got := describe(t, dir, one, two); !slices.Equal(got, []string{"one"}) {
		t.Errorf("%q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, layout.BlobPath(layer.Digest))); err == nil {
		t.Error("a blob is left")
	}
	if err := layout.Add(ctx, t.TempDir(), store, one, nil); !errors.Is(err, layout.ErrNotLayout) {
		t.Errorf("not a layout: %v", err)
	}
}

// during is a source that calls do before it opens the first blob.
type during struct {
	imagetest.Store
	once sync.Once
	do   func()
}

func (d *during) Open(ctx context.Context, blob oci.Descriptor) (io.ReadCloser, error) {
	d.once.Do(d.do)
	return d.Store.Open(ctx, blob)
}

// An entry that appears while another Add writes its blobs stays.
func TestAddDuringAdd(t *testing.T) {
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "one")
	two := store.AddImage(t, "linux/amd64", oci.Gzip, "two")
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.WriteAll(t.Context(), dir, store, nil); err != nil {
		t.Fatal(err)
	}
	source := &during{Store: store, do: func() {
		if err := layout.Add(t.Context(), dir, store, one, nil); err != nil {
			t.Error(err)
		}
	}}
	if err := layout.Add(t.Context(), dir, source, two, nil); err != nil {
		t.Fatal(err)
	}
	if got := describe(t, dir, one, two); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("%q", got)
	}
}

// Of many Adds at the same time, none loses the entry of another, and no file remains beside those of a layout.
func TestAddAtOnce(t *testing.T) {
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "file")
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.WriteAll(t.Context(), dir, store, nil); err != nil {
		t.Fatal(err)
	}
	const adds = 16
	var wait sync.WaitGroup
	for i := range adds {
		wait.Go(func() {
			name := []reference.Reference{{Registry: "example.com", Repository: "app", Tag: fmt.Sprint("v", i)}}
			if err := layout.Add(t.Context(), dir, store, image, name); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	opened, err := layout.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(opened.Roots()); n != adds {
		t.Errorf("%d entries, want %d", n, adds)
	}
	report, err := check.Layout(t.Context(), dir, check.Options{})
	if err != nil || len(report.Violations) > 0 {
		t.Errorf("%v, %v", report.Violations, err)
	}
}
