package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"check": main})
}

// TestScripts gives each script the same image in each form that check accepts: the directory "layout", the archive
// "image.tar", and $REGISTRY/app:v1. The image has two unsorted layers. The registry $LOCKED requires a password.
func TestScripts(t *testing.T) {
	files, root := image(t)
	server, locked := registrytest.New(t), registrytest.NewBasic(t, "user", "secret")
	for name, data := range files {
		if strings.HasPrefix(name, "blobs/") {
			server.AddBlob("app", data)
		}
	}
	server.AddManifest("app", "v1", root.MediaType, files["blobs/sha256/"+root.Digest.Encoded()])
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("REGISTRY", server.Host)
			env.Setenv("LOCKED", locked.Host)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("DIGEST", root.Digest.String())
			env.Setenv("IMAGE", root.Digest.String()[:len("sha256:")+12])
			for name, data := range files {
				path := filepath.Join(env.WorkDir, "layout", name)
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					return err
				}
				if err := os.WriteFile(path, data, 0o666); err != nil {
					return err
				}
			}
			if err := os.WriteFile(filepath.Join(env.WorkDir, "image.tar"), pack(t, files), 0o666); err != nil {
				return err
			}
			if err := writeDescriptors(env, files, root); err != nil {
				return err
			}
			return writeFacts(env, root)
		},
	})
}

// writeDescriptors writes the other files of a build: the descriptors root.json, layer1.json and layer2.json, and the last
// two as those of kept archives, kept1.json and kept2.json, and with sources, remote1.json and remote2.json. $LAYER1, $LAYER2, $MANIFEST and $CONFIG get the paths of the blobs.
func writeDescriptors(env *testscript.Env, files map[string][]byte, root oci.Descriptor) error {
	path := func(d digest.Digest) string { return "layout/blobs/sha256/" + d.Encoded() }
	var manifest oci.Manifest
	if err := oci.Unmarshal(files["blobs/sha256/"+root.Digest.Encoded()], &manifest); err != nil {
		return err
	}
	env.Setenv("MANIFEST", path(root.Digest))
	env.Setenv("CONFIG", path(manifest.Config.Digest))
	if err := wire.Write(filepath.Join(env.WorkDir, "root.json"), root); err != nil {
		return err
	}
	for i, d := range manifest.Layers {
		env.Setenv(fmt.Sprintf("LAYER%d", i+1), path(d.Digest))
		layer := wire.Layer{
			MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, DiffID: d.Digest, UncompressedSize: d.Size,
		}
		if err := wire.Write(filepath.Join(env.WorkDir, fmt.Sprintf("layer%d.json", i+1)), layer); err != nil {
			return err
		}
		kept := layer
		kept.Kept = true
		if err := wire.Write(filepath.Join(env.WorkDir, fmt.Sprintf("kept%d.json", i+1)), kept); err != nil {
			return err
		}
		layer.Sources = []string{"docker.io/library/base"}
		if err := wire.Write(filepath.Join(env.WorkDir, fmt.Sprintf("remote%d.json", i+1)), layer); err != nil {
			return err
		}
	}
	return nil
}

// writeFacts writes what mkcheck and mklisting find in the layers: checked1 with house rules, checked2 without,
// lenient1, lenient2 and listing.
func writeFacts(env *testscript.Env, root oci.Descriptor) error {
	ctx := context.Background()
	src := new(content.Files)
	src.AddDirectory(filepath.Join(env.WorkDir, "layout", "blobs"))
	images, err := content.Images(ctx, src, root)
	if err != nil {
		return err
	}
	out, err := listing.Create(filepath.Join(env.WorkDir, "listing"))
	if err != nil {
		return err
	}
	defer out.Abort()
	for i, d := range images[0].Manifest.Layers {
		for name, lenient := range map[string]bool{"checked": i == 1, "lenient": true} {
			report, err := check.Layer(ctx, src, d, lenient)
			if err != nil {
				return err
			}
			data, err := check.FormatLayers([]check.LayerReport{report})
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(env.WorkDir, fmt.Sprintf("%s%d", name, i+1)), data, 0o666); err != nil {
				return err
			}
		}
		blob, err := src.Open(ctx, d)
		if err != nil {
			return err
		}
		err = out.Add(ctx, blob, listing.Header{DiffID: d.Digest, Digest: d.Digest, Size: d.Size}, nil)
		if err = errors.Join(err, blob.Close()); err != nil {
			return err
		}
	}
	return out.Commit()
}

// image returns the files of a layout and the descriptor of its only image.
func image(t *testing.T) (map[string][]byte, oci.Descriptor) {
	t.Helper()
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	put := func(mediaType string, value any) oci.Descriptor {
		data, ok := value.([]byte)
		if !ok {
			var err error
			if data, err = oci.Marshal(value); err != nil {
				t.Fatal(err)
			}
		}
		d := digest.FromBytes(data)
		files["blobs/sha256/"+d.Encoded()] = data
		return oci.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
	}
	var layers []oci.Descriptor
	var diffIDs []digest.Digest
	for _, name := range []string{"a", "b"} {
		layer := put(oci.MediaTypeLayer, append(pack(t, map[string][]byte{name + "2": nil})[:512],
			pack(t, map[string][]byte{name + "1": nil})...))
		layers = append(layers, layer)
		diffIDs = append(diffIDs, layer.Digest)
	}
	config := put(oci.MediaTypeConfig, map[string]any{
		"os": "linux", "architecture": "amd64", "rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
	})
	root := put(oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config, Layers: layers,
	})
	index, err := oci.Marshal(oci.Index{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: []oci.Descriptor{root},
	})
	if err != nil {
		t.Fatal(err)
	}
	files["index.json"] = index
	return files, root
}

// pack returns a tar of the files.
func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, data := range files {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDocumentation checks that docs/validator.md lists all rules, with the same text and in the same order.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "validator.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, line)
		}
	}
	for _, r := range check.Rules() {
		house := ""
		if r.House {
			house = "house"
		}
		want = append(want, "| `"+r.ID+"` | "+r.Text+" | "+house+" |\n")
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("docs/validator.md, rule %d:\n got %swant %s", i+1, at(got, i), at(want, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing\n"
}
