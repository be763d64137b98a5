package main

import (
	"archive/tar"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk/disktest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mkrootfs": command.Main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setup(t, env) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"list": list},
	})
}

// setup writes the images amd.json and arm.json, the index index.json, blobs, and an extra layer, extra.json and extra.tar,
// with a file with an extended attribute.
func setup(t *testing.T, env *testscript.Env) error {
	store := make(imagetest.Store)
	describe := func(name string, v any) {
		if err := wire.Write(filepath.Join(env.WorkDir, name), v); err != nil {
			t.Fatal(err)
		}
	}
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "one", "amd")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "one", "arm")
	describe("amd.json", amd)
	describe("arm.json", arm)
	describe("index.json", store.AddIndex(t, amd, arm))
	store.WriteFiles(t, filepath.Join(env.WorkDir, "blobs"))
	extra := disktest.Archive(t, "file init mode=0755 user.x=1 data=init")
	imagetest.WriteFile(t, filepath.Join(env.WorkDir, "extra.tar"), extra)
	d := digest.FromBytes(extra)
	describe("extra.json", wire.Layer{MediaType: oci.MediaTypeLayer, Digest: d, Size: int64(len(extra)), DiffID: d})
	describe("remote.json", wire.Layer{MediaType: oci.MediaTypeLayer, Digest: d, Size: int64(len(extra)), DiffID: d,
		Sources: []string{"docker.io/library/base"}})
	return nil
}

// list FILE prints the digest of a tar and its entries.
func list(ts *testscript.TestScript, _ bool, args []string) {
	d, size, err := digest.FromFile(ts.MkAbs(args[0]))
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), d, size)
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	r := tar.NewReader(f)
	for h, err := r.Next(); err == nil; h, err = r.Next() {
		fmt.Fprintln(ts.Stdout(), h.Name)
	}
}
