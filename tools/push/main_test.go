package main

import (
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"push": main})
}

// TestScripts runs the scripts. Each has an index of two images in the files root.json, image.json (one of the two) and
// blobs; $DIGEST, also as $TAG_DIGEST for a tag, and $IMAGE_DIGEST; an artifact sbom.json ($SBOM_DIGEST) whose subject is the
// index; the size $SIZE of the index; a registry $OPEN, and a registry $BASIC that requires the user "user" with the password "sesame". auth.json has that
// credential, wrong.json a different one. The image's first layer, the file $REMOTE, is also in $OPEN, at the address in
// remote.json. The command "tags" compares the tags of a repository in $OPEN, and "status" writes a file.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			store := imagetest.Store{}
			image := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b")
			index := store.AddIndex(t, image, store.AddImage(t, "linux/arm64", oci.Gzip, "a"))
			sbom := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
				Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: "application/spdx+json",
				Config: store.Add(oci.MediaTypeEmpty, []byte("{}")), Layers: []oci.Descriptor{}, Subject: &index,
			})
			store.WriteFiles(t, filepath.Join(env.WorkDir, "blobs"))
			open := registrytest.New(t)
			basic := registrytest.NewBasic(t, "user", "sesame")
			env.Values["open"] = open
			for name, value := range map[string]string{
				"HOME": filepath.Join(env.WorkDir, "home"), "XDG_RUNTIME_DIR": filepath.Join(env.WorkDir, "run"),
				"TAG_DIGEST": "sha256-" + index.Digest.Encoded(), "SIZE": strconv.FormatInt(index.Size, 10),
				"DIGEST": index.Digest.String(), "IMAGE_DIGEST": image.Digest.String(), "SBOM_DIGEST": sbom.Digest.String(),
				"OPEN": open.Host, "BASIC": basic.Host,
			} {
				env.Setenv(name, value)
			}
			auth := base64.StdEncoding.EncodeToString([]byte("user:sesame"))
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "auth.json"),
				[]byte(`{"auths":{"`+basic.Host+`":{"auth":"`+auth+`"}}}`))
			imagetest.WriteFile(t, filepath.Join(env.WorkDir, "wrong.json"),
				[]byte(`{"auths":{"`+basic.Host+`":{"username":"user","password":"wr0ng"}}}`))
			layer := store.Manifest(t, image).Layers[0]
			open.AddBlob("team/base", store[layer.Digest])
			env.Setenv("REMOTE", filepath.Join("blobs", "sha256", layer.Digest.Encoded()))
			err := wire.Write(filepath.Join(env.WorkDir, "remote.json"), wire.Layer{
				MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size, DiffID: layer.Digest,
				Sources: []string{open.Host + "/team/base"},
			})
			if err != nil {
				return err
			}
			if err := wire.Write(filepath.Join(env.WorkDir, "sbom.json"), sbom); err != nil {
				return err
			}
			if err := wire.Write(filepath.Join(env.WorkDir, "image.json"), image); err != nil {
				return err
			}
			return wire.Write(filepath.Join(env.WorkDir, "root.json"), index)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// "break DIR": changes the last byte of the largest layer in DIR.
			"break": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(breakLargest(filepath.Join(ts.MkAbs(args[0]), "sha256")))
			},
			// "status FILE VALUES OUT": writes FILE and VALUES to OUT, with the environment's variables expanded in VALUES.
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				text := ts.ReadFile(args[0]) + os.Expand(ts.ReadFile(args[1]), ts.Getenv)
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(text), 0o644))
			},
			"tags": func(ts *testscript.TestScript, _ bool, args []string) {
				tags := ts.Value("open").(*registrytest.Registry).Tags(args[0])
				if got := slices.Sorted(maps.Keys(tags)); !slices.Equal(got, args[1:]) {
					ts.Fatalf("the tags of %s are %q, want %q", args[0], got, args[1:])
				}
			},
		},
	})
}

func breakLargest(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	var largest []byte
	var path string
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if len(data) > len(largest) && data[0] == 0x1f { // a layer, compressed with gzip
			largest, path = data, p
		}
	}
	largest[len(largest)-1] ^= 1
	return os.WriteFile(path, largest, 0o644)
}
