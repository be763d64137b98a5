package edit_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/image/edit"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape/scan"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// base returns an image in Docker's media types, with a layer that has directories.
func base(t *testing.T, store imagetest.Store) oci.Descriptor {
	t.Helper()
	tar := imagetest.DirTar(t)
	config := store.AddJSON(t, oci.DockerMediaTypeConfig, map[string]any{
		"architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z",
		"config":  map[string]any{"Cmd": []string{"/bin/sh"}, "Env": []string{"A=1"}},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []any{digest.FromBytes(tar)}},
		"history": []any{map[string]any{"created_by": "someone"}, map[string]any{"created_by": "CMD", "empty_layer": true}},
	})
	return store.AddJSON(t, oci.DockerMediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.DockerMediaTypeManifest, Config: config,
		Layers:      []oci.Descriptor{store.Add(oci.DockerMediaTypeLayerGzip, imagetest.Pack(t, oci.Gzip, tar))},
		Annotations: map[string]string{"of": "the base"},
	})
}

// manifest returns the manifest and the config of an image.
func manifest(t *testing.T, src content.Source, d oci.Descriptor) (oci.Manifest, map[string]any) {
	t.Helper()
	text, err := content.ReadAll(t.Context(), src, d)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oci.ParseManifest(text, d.MediaType)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = content.ReadAll(t.Context(), src, m.Config); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := oci.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return m, config
}

func gzip(t *testing.T) layer.Packing {
	t.Helper()
	format, err := compress.Parse(oci.Gzip, 0)
	if err != nil {
		t.Fatal(err)
	}
	return layer.Packing{Format: format}
}

// A new layer is the one that mklayer makes of the same inputs over the base's shape.
func TestLayers(t *testing.T) {
	store := make(imagetest.Store)
	d := base(t, store)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	imagetest.WriteFile(t, file, []byte("hello"))
	spec := inputs.Spec{Inputs: []inputs.Input{{Kind: inputs.File, Path: "/link/sub/x", Source: file}}}

	below, err := scan.Blob(t.Context(), store, store.Manifest(t, d).Layers[0])
	if err != nil {
		t.Fatal(err)
	}
	over := spec
	over.Over = []string{filepath.Join(dir, "shape")}
	if err := below.Write(over.Over[0]); err != nil {
		t.Fatal(err)
	}
	want, err := layer.Make(context.Background(), &over, filepath.Join(dir, "blob"), gzip(t))
	if err != nil {
		t.Fatal(err)
	}

	second := inputs.Spec{Inputs: []inputs.Input{{Kind: inputs.File, Path: "/link/sub/y", Source: file}}}
	made, err := edit.Apply(t.Context(), store, d, edit.Request{
		Layers: []edit.Layer{{Inputs: spec, Packing: gzip(t)}, {Inputs: second, Packing: gzip(t)}},
	}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, config := manifest(t, made.Source, made.Root)
	if len(m.Layers) != 3 || m.Layers[1].Digest != want.Digest || m.Layers[0].MediaType != oci.MediaTypeLayerGzip {
		t.Errorf("layers %+v, want %s", m.Layers, want.Digest)
	}
	diffIDs := config["rootfs"].(map[string]any)["diff_ids"].([]any)
	if len(diffIDs) != 3 || diffIDs[1] != want.DiffID.String() {
		t.Errorf("diff_ids %v, want %s", diffIDs, want.DiffID)
	}
	if history := config["history"].([]any); len(history) != 4 {
		t.Errorf("history %v", history)
	}
	report, err := check.Image(t.Context(), made.Source, made.Root, check.Options{
		Lenient: func(place int, _ digest.Digest) bool { return place == 0 },
	})
	if err != nil || len(report.Violations) > 0 {
		t.Errorf("%v, %v", report.Violations, err)
	}
	if _, err := made.New.Open(t.Context(), m.Layers[0]); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("the base's layer is new: %v", err)
	}
}

func TestSettings(t *testing.T) {
	store := make(imagetest.Store)
	d := base(t, store)
	old, _ := manifest(t, store, d)
	apply := func(r edit.Request) (oci.Descriptor, oci.Manifest, map[string]any) {
		made, err := edit.Apply(t.Context(), store, d, r, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		m, config := manifest(t, made.Source, made.Root)
		return made.Root, m, config
	}
	if same, _, _ := apply(edit.Request{}); !reflect.DeepEqual(same, d) {
		t.Errorf("no change: %+v, want %+v", same, d)
	}
	annotated, m, _ := apply(edit.Request{Annotations: map[string]string{"a": "b"}})
	if m.Config.Digest != old.Config.Digest || m.Config.MediaType != oci.MediaTypeConfig || annotated.Digest == d.Digest ||
		!reflect.DeepEqual(m.Annotations, map[string]string{"a": "b"}) {
		t.Errorf("annotations: %+v", m)
	}
	user := "7"
	_, m, config := apply(edit.Request{Settings: image.Settings{User: &user, Cmd: []string{"/x"}}})
	want := map[string]any{"User": "7", "Cmd": []any{"/x"}, "Env": []any{"A=1"}}
	if !reflect.DeepEqual(config["config"], want) || config["created"] != "1970-01-01T00:00:00Z" || len(m.Annotations) > 0 {
		t.Errorf("%v, %v", config, m.Annotations)
	}
	if history := config["history"].([]any); len(history) != 2 {
		t.Errorf("history %v", history)
	}
}

func TestRefusals(t *testing.T) {
	store := make(imagetest.Store)
	d := base(t, store)
	dir := t.TempDir()
	// The archive implies /dir, which the base has with another mode.
	tar := filepath.Join(dir, "tar")
	imagetest.WriteFile(t, tar, imagetest.Tar(t, imagetest.File{Name: "dir/x", Data: "x"}))
	replaces := edit.Layer{Inputs: inputs.Spec{Inputs: []inputs.Input{{Kind: inputs.Tar, Source: tar}}}, Packing: gzip(t)}
	broken := base(t, store)
	for name, test := range map[string]struct {
		request edit.Request
		damage  bool
		want    string
	}{
		"implied directory": {edit.Request{Layers: []edit.Layer{replaces}}, false, "would change directories"},
		"setting":           {edit.Request{Settings: image.Settings{Volumes: []string{"x"}}}, false, "not an absolute path"},
		"missing file": {edit.Request{Layers: []edit.Layer{{Inputs: inputs.Spec{
			Inputs: []inputs.Input{{Kind: inputs.File, Path: "/x", Source: filepath.Join(dir, "none")}},
		}, Packing: gzip(t)}}}, false, "no such file"},
		"damaged layer": {edit.Request{Layers: []edit.Layer{{Packing: gzip(t)}}}, true, "layer 1 of 1"},
	} {
		src := make(imagetest.Store)
		for key, data := range store {
			src[key] = data
		}
		if test.damage {
			layer := store.Manifest(t, broken).Layers[0].Digest
			src[layer] = append([]byte{0}, src[layer][1:]...)
		}
		scratch := t.TempDir()
		if _, err := edit.Apply(t.Context(), src, d, test.request, scratch); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", name, err, test.want)
		}
	}
	if _, err := os.Stat(tar); err != nil {
		t.Error(err)
	}
}
