package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lock": main})
}

// TestScripts gives each script its own registries:
//   - $REGISTRY has team/base with the tags v1 and v2, two indexes for linux/amd64, linux/arm64 and linux/s390x, and
//     team/odd with v1, whose layer is not an archive. $LAYER is the first layer of base:v1.
//   - $LOCKED has the same bases, protected by the password "secret" of the user "user".
//   - $MIRROR has v1's layers in mirror/base.
//   - $MIXED has v1 as private/base, protected by that password, and as public/base for everybody.
//
// login.json is the file that docker login saves for $LOCKED and $MIXED.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			store := make(imagetest.Store)
			v1 := index(t, store, "one")
			v2 := index(t, store, "two")
			layer := digest.FromBytes(imagetest.Pack(t, oci.Gzip, imagetest.Tar(t, imagetest.File{Name: "one", Data: "one"})))
			open, locked := registrytest.New(t), registrytest.NewBasic(t, "user", "secret")
			mirror, mixed := registrytest.New(t), registrytest.New(t)
			mixed.Inject("/v2/private/", 1000, func(w http.ResponseWriter, req *http.Request) bool {
				user, password, _ := req.BasicAuth()
				return (user != "user" || password != "secret") &&
					registrytest.Refuse(http.StatusUnauthorized, "UNAUTHORIZED", "", "WWW-Authenticate", "Basic realm=x")(w, req)
			})
			for _, name := range []string{"private/base", "public/base"} {
				for _, data := range store {
					mixed.AddBlob(name, data)
					mixed.AddManifest(name, "sha256:none", oci.MediaTypeManifest, data)
				}
				mixed.AddManifest(name, "v1", v1.MediaType, store[v1.Digest])
			}
			for _, data := range store {
				for _, server := range []*registrytest.Registry{open, locked} {
					server.AddBlob("team/base", data)
					if strings.Contains(string(data), `"layers":`) {
						server.AddManifest("team/base", "sha256:none", oci.MediaTypeManifest, data)
					}
				}
				mirror.AddBlob("mirror/base", data)
			}
			for _, server := range []*registrytest.Registry{open, locked} {
				server.AddManifest("team/base", "v1", v1.MediaType, store[v1.Digest])
				server.AddManifest("team/base", "v2", v2.MediaType, store[v2.Digest])
			}
			odd := oddImage(t, store)
			for _, data := range store {
				open.AddBlob("team/odd", data)
			}
			open.AddManifest("team/odd", "v1", odd.MediaType, store[odd.Digest])
			env.Values["registry"], env.Values["v2"] = open, store[v2.Digest]
			for name, value := range map[string]string{
				"REGISTRY": open.Host, "LOCKED": locked.Host, "MIRROR": mirror.Host, "MIXED": mixed.Host,
				"V1": v1.Digest.String(), "V2": v2.Digest.String(), "LAYER": layer.String(),
				"DOCKER_CONFIG": env.WorkDir + "/docker", "XDG_RUNTIME_DIR": env.WorkDir, "XDG_CONFIG_HOME": env.WorkDir,
			} {
				env.Setenv(name, value)
			}
			entry := `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("user:secret")) + `"}`
			return os.WriteFile(env.WorkDir+"/login.json",
				[]byte(`{"auths":{"`+locked.Host+entry+`,"`+mixed.Host+entry+`}}`), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"move-tag": moveTag, "lose": lose, "meanwhile": meanwhile,
			"without-no-shape": withoutNoShape},
	})
}

func index(t *testing.T, store imagetest.Store, name string) oci.Descriptor {
	var images []oci.Descriptor
	for _, platform := range []string{"linux/amd64", "linux/arm64", "linux/s390x"} {
		images = append(images, store.AddImage(t, platform, oci.Gzip, name, platform))
	}
	return store.AddIndex(t, images...)
}

// oddImage returns an image whose layer is not an archive.
func oddImage(t *testing.T, store imagetest.Store) oci.Descriptor {
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "odd")
	manifest := store.Manifest(t, image)
	manifest.Layers[0] = store.Add(manifest.Layers[0].MediaType, bytes.Repeat([]byte("no archive"), 100))
	return store.AddJSON(t, oci.MediaTypeManifest, manifest)
}

// withoutNoShape FILE turns the lock file into one from before shapes existed.
func withoutNoShape(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: without-no-shape FILE")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "      \"noShape\": true,\n", "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// moveTag moves the tag v1 of the open registry to the image of v2.
func moveTag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: move-tag")
	}
	ts.Value("registry").(*registrytest.Registry).AddManifest("team/base", "v1", oci.MediaTypeIndex,
		ts.Value("v2").([]byte))
}

// lose PATTERN makes the open registry answer 404 to requests, "METHOD /path", that match the pattern.
func lose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lose PATTERN")
	}
	registry := ts.Value("registry").(*registrytest.Registry)
	registry.Inject(args[0], 1000, registrytest.Refuse(http.StatusNotFound, "UNKNOWN", "lost"))
}

// meanwhile ARGUMENT... runs the tool while the next command waits for the open registry's first answer.
func meanwhile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: meanwhile ARGUMENT...")
	}
	ts.Value("registry").(*registrytest.Registry).Inject("/v2/", 1, func(http.ResponseWriter, *http.Request) bool {
		if err := ts.Exec("lock", args...); err != nil {
			ts.Logf("%v: %v", args, err)
		}
		return false
	})
}

// Text from a registry cannot control the terminal.
func TestHostileRegistry(t *testing.T) {
	const hostile = "a\x1b[31m\x1b]0;b\a\u009b1m\u202ec\u2028\x9b\nhint: run this"
	index, err := json.Marshal(oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex,
		Manifests: []oci.Descriptor{{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(nil), Size: 1,
			Platform: &oci.Platform{OS: hostile, Architecture: hostile}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, fault := range map[string]registrytest.Fault{
		"message": registrytest.Refuse(http.StatusForbidden, "DENIED", hostile),
		"challenge": registrytest.Refuse(http.StatusUnauthorized, "DENIED", "", "WWW-Authenticate",
			"Digest\u009b\u202e\x9b realm=x"),
		"platform": func(http.ResponseWriter, *http.Request) bool { return false },
	} {
		server := registrytest.New(t)
		server.AddManifest("x", "1", oci.MediaTypeIndex, index)
		server.Inject("GET /v2/", 100, fault)
		var stderr strings.Builder
		args := []string{"add", "x", server.Host + "/x:1", "--platform=linux/386", "--lock=" + t.TempDir() + "/lock"}
		code := command.Run(t.Context(), args, cli.Streams{Err: &stderr})
		text := stderr.String()
		if code == cli.ExitOK || strings.Contains(text, "\nhint: run") ||
			strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !strconv.IsGraphic(r) }) {
			t.Errorf("%s: code %d, %q", name, code, text)
		}
	}
}

// The lock file is the workspace's own, or the one that the user names.
func TestFile(t *testing.T) {
	for _, test := range []struct{ workspace, path, want string }{
		{"", "", "images.lock.json"},
		{"/w", "", "/w/images.lock.json"},
		{"/w", "x.json", "x.json"},
		{"/w", "/x.json", "/x.json"},
	} {
		t.Setenv("BUILD_WORKSPACE_DIRECTORY", test.workspace)
		if got := (&settings{path: test.path}).file(); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// Every command has its own help.
func TestHelp(t *testing.T) {
	for _, c := range command.Commands {
		var out strings.Builder
		code := command.Run(context.Background(), []string{c.Name, "--help"}, cli.Streams{Out: &out, Err: os.Stderr})
		if code != 0 || !strings.HasPrefix(out.String(), "lock "+c.Name+": "+c.Summary) {
			t.Errorf("%s: code %d\n%s", c.Name, code, out.String())
		}
	}
}
