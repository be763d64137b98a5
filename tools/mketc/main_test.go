package main

import (
	"archive/tar"
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mketc": func() { command.Main() }})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: func(env *testscript.Env) error { return setup(t, env) },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"list": list},
	})
}

// subject has a certificate of openssl req, and subjectHash what openssl x509 -subject_hash prints for it.
const subject = "../internal/layer/certificates/testdata/subjects.pem"

// setup writes the images base.json, whose etc is a link, empty.json and index.json, their blobs, and subjects.pem.
func setup(t *testing.T, env *testscript.Env) error {
	pem, err := os.ReadFile(subject)
	if err != nil {
		return err
	}
	imagetest.WriteFile(t, filepath.Join(env.WorkDir, "subjects.pem"), pem)
	store := make(imagetest.Store)
	layer := store.Add(oci.MediaTypeLayer, imagetest.Tar(t,
		imagetest.File{Name: "etc", Type: tar.TypeSymlink, Link: "usr/etc"},
		imagetest.File{Name: "usr/etc/passwd", Data: "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/sh"},
		imagetest.File{Name: "usr/etc/group", Data: "root:x:0:\nwww:x:33:\n"},
		imagetest.File{Name: "usr/etc/shadow", Data: ""},
		imagetest.File{Name: "usr/etc/ssl/certs/ca-certificates.crt", Data: "# of the base\n"},
		imagetest.File{Name: "usr/etc/ssl/certs/d3b08eff.0", Type: tar.TypeSymlink, Link: "other.pem"},
	))
	broken := store.Add(oci.MediaTypeLayer, imagetest.Tar(t, imagetest.File{Name: "etc/passwd/x"}))
	images := map[string]oci.Descriptor{"index": store.AddIndex(t)}
	for name, layers := range map[string][]oci.Descriptor{"base": {layer}, "empty": {}, "broken": {broken}} {
		manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Layers: layers}
		manifest.Config = store.Add(oci.MediaTypeConfig, []byte("{}"))
		images[name] = store.AddJSON(t, oci.MediaTypeManifest, manifest)
	}
	for name, image := range images {
		if err := wire.Write(filepath.Join(env.WorkDir, name+".json"), image); err != nil {
			return err
		}
	}
	store.WriteFiles(t, filepath.Join(env.WorkDir, "blobs"))
	return nil
}

// list TAR prints the entries of a tar, and the contents of those that are no longer than a few lines.
func list(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	r := tar.NewReader(bufio.NewReader(f))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		ts.Check(err)
		fmt.Fprintf(ts.Stdout(), "%04o %d:%d %s %s\n", h.Mode, h.Uid, h.Gid, h.Name, h.Linkname)
		if h.Size < 300 {
			_, err := io.Copy(ts.Stdout(), r)
			ts.Check(err)
		}
	}
}

// The outputs do not depend on the order of Go's maps.
func TestDeterminism(t *testing.T) {
	dir := t.TempDir()
	var first []byte
	for n := range 20 {
		path := filepath.Join(dir, fmt.Sprint(n))
		var files []byte
		for _, args := range [][]string{
			{"users", "--user=a:x:1", "--user=b:x:2", "--group=c:x:3:a,b", "--shadow", "--homes"},
			{"certificates", "--file=" + subject},
		} {
			status := command.Run(context.Background(), append(args, "--output="+path), cli.Streams{Out: io.Discard, Err: os.Stderr})
			if status != 0 {
				t.Fatalf("%v: exit code %d", args, status)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, data...)
		}
		if n == 0 {
			first = files
		} else if string(files) != string(first) {
			t.Fatalf("run %d differs", n)
		}
	}
}
