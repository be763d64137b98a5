package archive_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// An archive of several images has each blob once, and Docker finds each image with its names.
func TestWriteAll(t *testing.T) {
	store := make(imagetest.Store)
	one := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "one")
	two := store.AddImage(t, "linux/arm64", oci.Gzip, "base", "two")
	index := store.AddIndex(t, two, one)
	images := []layout.Image{
		{Root: one, Names: []reference.Reference{name(t, "localhost/one"), name(t, "one:v1")}},
		{Root: index, Names: []reference.Reference{name(t, "localhost/index:v2")}},
	}
	var b bytes.Buffer
	if err := archive.WriteAll(ctx, &b, store, images); err != nil {
		t.Fatal(err)
	}
	checkArchive(t, b.Bytes())
	lines, files := entries(t, b.Bytes())
	blobs := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, "blobs/sha256/") })
	slices.Sort(blobs)
	if blobs = slices.Compact(blobs); len(blobs)-1 != len(store) || len(lines) != len(store)+5 {
		t.Errorf("entries\n%s\nwant %d blobs, each once", strings.Join(lines, "\n"), len(store))
	}
	var docker []archive.DockerImage
	if err := json.Unmarshal([]byte(files[archive.DockerManifestFile]), &docker); err != nil {
		t.Fatal(err)
	}
	var want []archive.DockerImage
	for _, image := range []struct {
		root oci.Descriptor
		tags []string
	}{{one, []string{"localhost/one:latest", "docker.io/library/one:v1"}}, {two, []string{"localhost/index:v2"}}} {
		manifest := store.Manifest(t, image.root)
		w := archive.DockerImage{Config: layout.BlobPath(manifest.Config.Digest), RepoTags: image.tags}
		for _, layer := range manifest.Layers {
			w.Layers = append(w.Layers, layout.BlobPath(layer.Digest))
		}
		want = append(want, w)
	}
	if !reflect.DeepEqual(docker, want) {
		t.Errorf("manifest.json %+v, want %+v", docker, want)
	}
	wantIndex, err := layout.IndexAll(images)
	if err != nil || files[layout.IndexFile] != string(wantIndex) {
		t.Errorf("index.json %s, want %s, %v", files[layout.IndexFile], wantIndex, err)
	}
}
