package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// initImage writes an image for linux/amd64 with a file "app" that it starts, and returns the flags that pass it. The
// directory also has the program "init", an ELF file.
func initImage(t *testing.T) (dir string, flags []string) {
	t.Helper()
	dir = t.TempDir()
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "app")
	manifest := store.Manifest(t, image)
	var config v1.Image
	if err := oci.Unmarshal(store[manifest.Config.Digest], &config); err != nil {
		t.Fatal(err)
	}
	config.Config = v1.ImageConfig{Cmd: []string{"/app"}, User: "7:8"}
	manifest.Config = store.AddJSON(t, oci.MediaTypeConfig, config)
	store.WriteFiles(t, filepath.Join(dir, "blobs"))
	root := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	store.WriteFiles(t, filepath.Join(dir, "blobs"))
	if err := wire.Write(filepath.Join(dir, "root.json"), root); err != nil {
		t.Fatal(err)
	}
	program := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\x3e\x00"
	imagetest.WriteFile(t, filepath.Join(dir, "init"), []byte(program))
	return dir, []string{"--root=" + dir + "/root.json", "--blobs=" + dir + "/blobs"}
}

// The digests are those of file systems with an init process; only an intended change of bytes may change them.
func TestInit(t *testing.T) {
	dir, flags := initImage(t)
	for format, want := range map[string]string{
		"tar":  "sha256:e8d19dd7fdaeae98eeb2e6a792f438646bd771dce38b2cdacb5dc9f3de680506",
		"cpio": "sha256:02f6c99b898806d7e084be78b261b1ff97382eda0759f3591ad29f01a03f9e67",
	} {
		out := filepath.Join(dir, format)
		var stderr bytes.Buffer
		code := command.Run(context.Background(), append(flags, "--init="+dir+"/init", "--hostname=vm", "--format="+format,
			"--output="+out, "--digest="+out+".digest"), cli.Streams{Err: &stderr})
		got, err := os.ReadFile(out + ".digest")
		if code != 0 || err != nil || string(got) != want {
			t.Errorf("%s: got %s, %d, %s, %v", format, got, code, &stderr, err)
		}
	}
}

func TestInitRefused(t *testing.T) {
	dir, flags := initImage(t)
	for _, c := range []struct {
		flags []string
		code  int
		want  string
	}{
		{[]string{"--hostname=vm"}, cli.ExitUsage, "mkrootfs: --hostname: only a file system with --init has one\n"},
		{[]string{"--init=" + dir + "/none"}, cli.ExitFailure, "mkrootfs: open " + dir + "/none: no such file or directory\n"},
		{[]string{"--init=" + dir + "/root.json"}, cli.ExitFailure, "mkrootfs: init: the init is not a program for the image's platform: " +
			"it is for no Linux machine, the image for linux/amd64\n" +
			"hint: in a rule, build for the image's platform, for example with --platforms, or set the attribute init\n"},
		{[]string{"--init=" + dir + "/init", "--hostname=" + strings.Repeat("a", 65)}, cli.ExitFailure,
			"mkrootfs: init: hostname: 65 bytes, Linux supports 64\n"},
	} {
		out := filepath.Join(dir, "out")
		var stderr bytes.Buffer
		code := command.Run(context.Background(), append(append(flags, "--format=tar", "--output="+out), c.flags...),
			cli.Streams{Err: &stderr})
		if code != c.code || stderr.String() != c.want {
			t.Errorf("%q: got %d, %s", c.flags, code, &stderr)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%q: an output is left", c.flags)
		}
	}
}
