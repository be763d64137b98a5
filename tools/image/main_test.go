package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"image": main})
}

// TestScripts runs the scripts. Each has the image of two layers $IMAGE for linux/amd64, and the index $INDEX that lists it
// after one for linux/s390x:
//   - base.tar is an archive of the image with the name example.com/base:v1, docker.tar one of "docker save" with two
//     images, one of which has the names example.com/one:v1 and example.com/one:v2,
//   - layout is a layout of the index with the name example.com/base:index, and two of it and the image,
//   - build is what a build leaves of the image without its layers,
//   - $REGISTRY/team/base has the image as v1 and the index as index,
//   - $LOCKED is an empty registry for the user "user" with the password "secret", which login.json has.
//
// The image has /file in one layer; in the other it has the directory /dir with the mode 1777, a symlink /link to it, a
// hard link and a FIFO. The command "valid" checks a layout or an archive by all of our own rules.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setup(t, env) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"valid": valid, "requests": requests},
	})
}

func setup(t *testing.T, env *testscript.Env) error {
	store := make(imagetest.Store)
	image := addImage(t, store, "linux/amd64")
	index := store.AddIndex(t, store.AddImage(t, "linux/s390x", oci.Zstd, "other"), image)
	server := registrytest.New(t)
	for d, data := range store {
		server.AddBlob("team/base", data)
		if mediaType := mediaTypeOf(data); mediaType != "" {
			server.AddManifest("team/base", d.String(), mediaType, data)
		}
	}
	server.AddManifest("team/base", "v1", image.MediaType, store[image.Digest])
	server.AddManifest("team/base", "index", index.MediaType, store[index.Digest])
	env.Values["registry"] = server
	locked := registrytest.NewBasic(t, "user", "secret")
	login := base64.StdEncoding.EncodeToString([]byte("user:secret"))
	imagetest.WriteFile(t, filepath.Join(env.WorkDir, "login.json"), []byte(`{"auths":{"`+locked.Host+`":{"auth":"`+login+`"}}}`))
	config := store.Manifest(t, image).Config
	for name, value := range map[string]string{
		"REGISTRY": server.Host, "LOCKED": locked.Host, "IMAGE": image.Digest.String(), "INDEX": index.Digest.String(),
		"CONFIG": config.Digest.String(), "LAYER": store.Manifest(t, image).Layers[0].Digest.String(),
		"HOME": env.WorkDir, "DOCKER_CONFIG": env.WorkDir + "/docker", "XDG_RUNTIME_DIR": env.WorkDir, "XDG_CONFIG_HOME": env.WorkDir,
	} {
		env.Setenv(name, value)
	}
	dir := env.WorkDir
	name := func(text string) []reference.Reference {
		ref, err := reference.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return []reference.Reference{ref}
	}
	image.Platform, index.Platform = nil, nil
	ctx := context.Background()
	var base bytes.Buffer
	if err := archive.Write(ctx, &base, store, image, archive.Options{Names: name("example.com/base:v1")}); err != nil {
		return err
	}
	imagetest.WriteFile(t, filepath.Join(dir, "base.tar"), base.Bytes())
	imagetest.WriteFile(t, filepath.Join(dir, "base.tar.gz"), imagetest.Pack(t, oci.Gzip, base.Bytes()))
	imagetest.WriteFile(t, filepath.Join(dir, "docker.tar"), dockerArchive(t))
	imagetest.WriteFile(t, filepath.Join(dir, "build/image.manifest.json"), store[image.Digest])
	imagetest.WriteFile(t, filepath.Join(dir, "build/image.config.json"), store[config.Digest])
	imagetest.WriteFile(t, filepath.Join(dir, "add.tar"), imagetest.Tar(t, imagetest.File{Name: "added", Data: "added\n"}))
	for _, path := range []string{"layout", "two"} {
		if err := layout.Write(ctx, filepath.Join(dir, path), store, index, name("example.com/base:index")); err != nil {
			return err
		}
	}
	return layout.Add(ctx, filepath.Join(dir, "two"), store, image, name("example.com/base:v1"))
}

// addImage adds the image that the scripts look into.
func addImage(t *testing.T, store imagetest.Store, platform string) oci.Descriptor {
	d := store.AddImage(t, platform, oci.Gzip, "file")
	manifest := store.Manifest(t, d)
	var config map[string]any
	if err := json.Unmarshal(store[manifest.Config.Digest], &config); err != nil {
		t.Fatal(err)
	}
	layer := imagetest.DirTar(t)
	manifest.Layers = append(manifest.Layers, store.Add(oci.MediaTypeLayerGzip, imagetest.Pack(t, oci.Gzip, layer)))
	rootfs := config["rootfs"].(map[string]any)
	rootfs["diff_ids"] = append(rootfs["diff_ids"].([]any), digest.FromBytes(layer))
	config["history"] = append(config["history"].([]any), map[string]any{"created_by": "the second layer"})
	config["config"] = map[string]any{
		"Cmd": []string{"/bin/sh"}, "Env": []string{"PATH=/bin", "A=1"}, "Labels": map[string]string{"a": "1"},
	}
	manifest.Config = store.AddJSON(t, oci.MediaTypeConfig, config)
	made := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	made.Platform = d.Platform
	return made
}

// mediaTypeOf returns the media type of a manifest or an index, "" for anything else.
func mediaTypeOf(data []byte) string {
	var document struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(data, &document) != nil {
		return ""
	}
	return document.MediaType
}

// dockerArchive returns what "docker save" made before it knew OCI.
func dockerArchive(t *testing.T) []byte {
	var files []imagetest.File
	var images []archive.DockerImage
	for _, names := range [][]string{{"example.com/one:v1", "example.com/one:v2"}, {"example.com/two:v1"}} {
		layer := imagetest.Tar(t, imagetest.File{Name: names[0][12:15], Data: "hello\n"})
		config, err := oci.Marshal(map[string]any{
			"architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z", "docker_version": "20.10",
			"config": map[string]any{"Cmd": []string{"/bin/sh"}},
			"rootfs": map[string]any{"type": "layers", "diff_ids": []any{digest.FromBytes(layer)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		id := digest.FromBytes(config).Encoded()
		files = append(files, imagetest.File{Name: id + ".json", Data: string(config)},
			imagetest.File{Name: id + "/layer.tar", Data: string(layer)})
		images = append(images, archive.DockerImage{Config: id + ".json", RepoTags: names, Layers: []string{id + "/layer.tar"}})
	}
	list, err := oci.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	return imagetest.Tar(t, append(files, imagetest.File{Name: "manifest.json", Data: string(list)})...)
}

// valid PATH: the layout or archive satisfies all rules; of the layers, those of a base only the general ones.
func valid(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	options := check.Options{Lenient: func(place int, _ digest.Digest) bool { return place < 2 }}
	checker := check.Archive
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		checker = check.Layout
	}
	report, err := checker(context.Background(), path, options)
	ts.Check(err)
	for _, v := range report.Violations {
		ts.Logf("%s: %s: %s", v.Where, v.Rule, v.Text)
	}
	if len(report.Violations) > 0 != neg {
		ts.Fatalf("%d violations", len(report.Violations))
	}
}

// requests METHOD: prints to the log how many requests the registry got, and fails unless there were some ("!" for none).
func requests(ts *testscript.TestScript, neg bool, args []string) {
	found := 0
	for _, r := range ts.Value("registry").(*registrytest.Registry).Requests() {
		ts.Logf("%s", r)
		if r.Method == args[0] {
			found++
		}
	}
	if found > 0 == neg {
		ts.Fatalf("%d requests %s", found, args[0])
	}
}

// hostile contains terminal control sequences, and text that imitates a hint of the tool.
const hostile = "a\x1b[31m\x1b]0;b\a\u009b1m\u202ec\u2028\x9b\nhint: run this"

// Text from an image cannot control the terminal, whichever command shows it.
func TestHostileImage(t *testing.T) {
	text, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for n, extra := range []string{"", `,"author":` + string(text)} {
		layer := imagetest.Tar(t, imagetest.File{Name: strings.ReplaceAll(hostile, "\x9b", "") + strconv.Itoa(n), Data: "x"})
		config := `{"architecture":"amd64","os":"linux"` + extra + `,"config":{"Cmd":[` + string(text) + `],"Env":[` + string(text) +
			`]},"rootfs":{"type":"layers","diff_ids":["` + digest.FromBytes(layer).String() + `"]},"history":[{"created_by":` +
			string(text) + `}]}`
		path := filepath.Join(dir, strconv.Itoa(n)+".tar")
		paths = append(paths, path)
		imagetest.WriteFile(t, path, imagetest.Tar(t, imagetest.File{Name: "c.json", Data: config},
			imagetest.File{Name: "l.tar", Data: string(layer)},
			imagetest.File{Name: "manifest.json", Data: `[{"Config":"c.json","RepoTags":[` + string(text) + `],"Layers":["l.tar"]}]`}))
	}
	for _, args := range [][]string{
		{"inspect", paths[0]}, {"ls", paths[0]}, {"ls", "--long", paths[0]}, {"diff", paths[0], paths[1]},
		{"inspect", paths[0] + ":x"}, {"cat", paths[0], hostile}, {"validate", paths[0]},
	} {
		var out, stderr strings.Builder
		command().Run(t.Context(), args, cli.Streams{Out: &out, Err: &stderr})
		shown := out.String() + stderr.String()
		if shown == "" || strings.Contains(shown, "\nhint: run") ||
			strings.ContainsFunc(shown, func(r rune) bool { return r != '\n' && !strconv.IsGraphic(r) }) {
			t.Errorf("%q: %q", args, shown)
		}
	}
}

// Every command has its own help.
func TestHelp(t *testing.T) {
	for _, c := range command().Commands {
		var out strings.Builder
		code := command().Run(t.Context(), []string{c.Name, "--help"}, cli.Streams{Out: &out, Err: os.Stderr})
		if code != 0 || !strings.HasPrefix(out.String(), "image "+c.Name+": "+c.Summary) {
			t.Errorf("%s: code %d\n%s", c.Name, code, out.String())
		}
	}
}
