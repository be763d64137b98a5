package image

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// The goldens are made by "go test -run TestGolden -update" and reviewed by eye; they do not end with a newline. A
// change of their digests changes the digest of every image that users build, and belongs in the changelog.
//
// testdata/docker-commit.json is the config of an image that Docker 20.10.24 made: "docker import" of a tar with
// busybox, "docker run" with a file touched, "docker commit" with an author, a message, and --change of CMD,
// HEALTHCHECK, EXPOSE and LABEL. testdata/docker-manifest.json is a manifest for its two layers in Docker's media
// types, written by hand.
var update = flag.Bool("update", false, "write the goldens")

// goldenDigests pin the bytes even if the files are updated by mistake.
var goldenDigests = map[string]digest.Digest{
	"config.json":   "sha256:cb35c3eafedc3c0c89744c25cbe039b201d2dc286fa575b86f0989aff6a6bdc0",
	"manifest.json": "sha256:c1b7b07841091e5bdef4271f27fdf720e8d673bcaea592c4bc752490cfdeafe8",
	"index.json":    "sha256:99e785cba10655af4efc43b2326610572b1a6575fb6f01c5c0a9ebbe7a54fe68",
}

const goldenSettings = `{"architecture":"amd64","os":"linux","created":"2024-02-29T12:00:00+01:00",` +
	`"user":"1000:1000",` +
	`"workdir":"/srv","entrypoint":["/bin/busybox","sh","-c"],"cmd":["echo \"$GREETING\"\nexit",""],` +
	`"shell":["/bin/sh","-c"],` +
	`"env":{"PATH":"/bin:/usr/bin","GREETING":"Grüß = Gott","EMPTY":""},"labels":{"org.example.<b>":"&"},` +
	`"exposed_ports":["53/udp","8080"],"volumes":["/var/lib/x"],"stop_signal":"SIGINT",` +
	`"healthcheck":["CMD-SHELL","true"],"healthcheck_interval":"1m","healthcheck_retries":2}`

func TestGolden(t *testing.T) {
	settings, err := ParseSettings([]byte(goldenSettings))
	if err != nil {
		t.Fatal(err)
	}
	config, err := Config(readFile(t, "docker-commit.json"), []Layer{{DiffID: one}, {DiffID: two}}, settings)
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "config.json", config)

	layers := []oci.Descriptor{layer(oci.MediaTypeLayerGzip, two), layer(oci.MediaTypeLayerZstd, three)}
	layers[0].Annotations = map[string]string{"org.example.part": "one"}
	manifest, err := Manifest(config.Descriptor, readFile(t, "docker-manifest.json"), layers,
		map[string]string{"org.opencontainers.image.title": "golden", "org.example.empty": ""})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "manifest.json", manifest)

	index, err := Index([]oci.Descriptor{manifest.Descriptor, child(one, platform(t, "linux/arm64"))},
		map[string]string{"org.opencontainers.image.title": "golden"})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "index.json", index)
}

func checkGolden(t *testing.T, name string, got Document) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), got.Bytes, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFile(t, name); string(got.Bytes) != string(want) {
		t.Errorf("%s\ngot  %s\nwant %s", name, got.Bytes, want)
	}
	if want := goldenDigests[name]; got.Descriptor.Digest != want {
		t.Errorf("%s: digest %s, want %s", name, got.Descriptor.Digest, want)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
