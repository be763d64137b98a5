package outline_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func TestOf(t *testing.T) {
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "one", "two")
	gone := store.AddImage(t, "linux/arm64", oci.Gzip, "gone")
	delete(store, gone.Digest)
	half := store.AddImage(t, "linux/s390x", oci.Gzip, "half")
	delete(store, store.Manifest(t, half).Config.Digest)
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, Config: store.Add("application/vnd.example", []byte("{}")),
		Layers: []oci.Descriptor{store.Add("text/plain", []byte("x"))},
	})
	blob := store.Add("text/plain", nil)
	root := store.AddIndex(t, image, gone, half, artifact, blob, store.AddIndex(t, image))
	node, err := outline.Of(context.Background(), store, root)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, child := range node.Children {
		kinds = append(kinds, string(child.Kind))
	}
	if got := strings.Join(kinds, " "); got != "image image image artifact artifact index" {
		t.Errorf("kinds %s", got)
	}
	one := node.Children[0]
	layers := store.Manifest(t, image).Layers
	if one.Platform != "linux/amd64" || len(one.Layers) != 2 || one.Layers[1].Digest != layers[1].Digest ||
		one.Layers[1].DiffID != digest.FromBytes(imagetest.Tar(t, imagetest.File{Name: "two", Data: "two"})) ||
		one.Layers[1].CreatedBy != "imagetest" || len(one.Config.Document) == 0 {
		t.Errorf("%+v", one)
	}
	if !node.Children[1].Missing || node.Children[2].Missing || !node.Children[2].Config.Missing {
		t.Errorf("%+v, %+v", node.Children[1], node.Children[2])
	}
	if a := node.Children[3]; a.Config.Document != nil || len(a.Layers) != 1 || a.Layers[0].MediaType != "text/plain" {
		t.Errorf("%+v", a)
	}
	if _, err := json.Marshal(node); err != nil {
		t.Error(err)
	}
	var text strings.Builder
	if err := outline.Text(&text, node); err != nil || strings.Count(text.String(), ", not here\n") != 2 {
		t.Errorf("%s, %v", text.String(), err)
	}
}

func TestFails(t *testing.T) {
	store := make(imagetest.Store)
	broken := store.Add(oci.MediaTypeManifest, []byte("{"))
	config := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Config: store.Add(oci.MediaTypeConfig, []byte("[]"))})
	deep := store.AddImage(t, "linux/amd64", oci.Gzip)
	for range 10 {
		deep = store.AddIndex(t, deep)
	}
	damaged := store.AddImage(t, "linux/amd64", oci.Gzip, "damaged")
	store[damaged.Digest] = []byte("{}")
	// Each level lists the one below ten times.
	many := store.AddImage(t, "linux/amd64", oci.Gzip)
	for range 5 {
		many = store.AddIndex(t, many, many, many, many, many, many, many, many, many, many)
	}
	var mismatch *digest.MismatchError
	for want, root := range map[string]oci.Descriptor{
		"manifest " + broken.Digest.String() + ": unexpected EOF": broken,
		"config ":               config,
		"nest more than 8 deep": deep,
		"more than 10000":       many,
	} {
		if _, err := outline.Of(context.Background(), store, root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := outline.Of(context.Background(), store, damaged); !errors.As(err, &mismatch) || errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}
