package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkimport": command.Main})
}

// hostile contains terminal control sequences, and text that imitates a hint of the tool.
const hostile = "a\x1b[31m\x1b]0;b\a\u009b1m\u202ec\u2028\x9b\nhint: run this"

// Names from an archive reach the terminal only as escaped text.
func TestHostileNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.tar")
	name, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	entry := `{"Config":"c.json","RepoTags":[` + string(name) + `],"Layers":["1/layer.tar"]}`
	imagetest.WriteFile(t, path, imagetest.Tar(t,
		imagetest.File{Name: "c.json", Data: `{"os":` + string(name) + `,"architecture":` + string(name) +
			`,"rootfs":{"type":"layers","diff_ids":["sha256:` + strings.Repeat("0", 64) + `"]}}`},
		imagetest.File{Name: "1/layer.tar"},
		imagetest.File{Name: "manifest.json", Data: "[" + entry + "," + entry + "]"}))
	for _, args := range [][]string{{"--source=" + path}, {"--source=" + path, "--ref=" + hostile}} {
		var stderr strings.Builder
		code := command.Run(t.Context(), append(args, "--digest="+path+".digest"), cli.Streams{Err: &stderr})
		text := stderr.String()
		if code == cli.ExitOK || !strings.Contains(text, `\x1b`) || strings.Contains(text, "\nhint: run") ||
			strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !strconv.IsGraphic(r) }) {
			t.Errorf("%q: code %d, %q", args, code, text)
		}
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setup(t, env) },
	})
}

// setup exports an image for two platforms: multi is a layout of the index, single.tar an archive of the first image,
// single.tar.gz the same archive compressed, short.tar its beginning, docker.tar the first image as docker save exports
// it, and broken a layout of the first image with a changed layer. $LAYER and $MANIFEST are the first image's digests, $ARM
// is that of the second image's manifest, $INDEX that of the index, and $CHANGED that of the changed layer; all are without
// the algorithm.
func setup(t *testing.T, env *testscript.Env) error {
	ctx := context.Background()
	store := make(imagetest.Store)
	first := store.AddImage(t, "linux/amd64", oci.Uncompressed, "file")
	manifest := store.Manifest(t, first)
	layer := store[manifest.Layers[0].Digest]
	arm := store.AddImage(t, "linux/arm64", oci.Uncompressed, "file")
	index := store.AddIndex(t, first, arm)
	at := func(name string) string { return filepath.Join(env.WorkDir, name) }
	for dir, root := range map[string]oci.Descriptor{"multi": index, "broken": first} {
		if err := layout.Write(ctx, at(dir), store, root, nil); err != nil {
			return err
		}
	}
	changed := bytes.Replace(layer, []byte("file"), []byte("File"), 1)
	imagetest.WriteFile(t, filepath.Join(at("broken"), layout.BlobPath(manifest.Layers[0].Digest)), changed)
	var tar bytes.Buffer
	if err := archive.Write(ctx, &tar, store, first, archive.Options{}); err != nil {
		return err
	}
	imagetest.WriteFile(t, at("single.tar"), tar.Bytes())
	imagetest.WriteFile(t, at("single.tar.gz"), imagetest.Pack(t, oci.Gzip, tar.Bytes()))
	imagetest.WriteFile(t, at("short.tar"), tar.Bytes()[:tar.Len()-3000])
	imagetest.WriteFile(t, at("docker.tar"), imagetest.Tar(t,
		imagetest.File{Name: manifest.Config.Digest.Encoded() + ".json", Data: string(store[manifest.Config.Digest])},
		imagetest.File{Name: "1/layer.tar", Data: string(layer)},
		imagetest.File{Name: "manifest.json",
			Data: `[{"Config":"` + manifest.Config.Digest.Encoded() + `.json","RepoTags":null,"Layers":["1/layer.tar"]}]`}))
	for name, data := range map[string][]byte{
		"want.manifest": store[first.Digest], "want.config": store[manifest.Config.Digest], "want.layer": layer,
	} {
		imagetest.WriteFile(t, at(name), data)
	}
	if err := os.Mkdir(at("empty"), 0o755); err != nil {
		return err
	}
	env.Setenv("LAYER", manifest.Layers[0].Digest.Encoded())
	env.Setenv("MANIFEST", first.Digest.Encoded())
	env.Setenv("ARM", arm.Digest.Encoded())
	env.Setenv("INDEX", index.Digest.Encoded())
	env.Setenv("CHANGED", digest.FromBytes(changed).Encoded())
	return nil
}
