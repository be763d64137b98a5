package rootfs_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// merged returns the file system of one layer.
func merged(t *testing.T, files ...imagetest.File) *rootfs.FileSystem {
	t.Helper()
	store := make(imagetest.Store)
	layer := store.Add(oci.MediaTypeLayer, imagetest.Tar(t, files...))
	f, err := rootfs.Merge(context.Background(), store, []oci.Descriptor{layer})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFind(t *testing.T) {
	link := func(name, target string) imagetest.File { return imagetest.File{Name: name, Link: target, Type: '2'} }
	f := merged(t, imagetest.File{Name: "usr/lib/x", Data: "x"}, link("lib", "usr/lib"), link("out", "../../../usr"),
		link("abs", "/lib/x"), link("loop", "loop"), link("usr/up", ".."), link("dangling", "none"))
	for path, want := range map[string]string{
		"": "/", "/": "/", ".": "/", "..": "/", "/../usr/": "/usr", "usr//lib/./x": "/usr/lib/x", "lib": "/usr/lib",
		"lib/x": "/usr/lib/x", "lib/../lib": "/usr/lib", "out/lib/x": "/usr/lib/x", "abs": "/usr/lib/x",
		"usr/up/lib/x": "/usr/lib/x", "lib/..": "/usr",
	} {
		e, err := f.Find(path, true)
		if err != nil || e.Path != want {
			t.Errorf("%q: %q, %v, want %q", path, e.Path, err, want)
		}
	}
	for _, path := range []string{"abs", "loop", "dangling"} {
		e, err := f.Find(path, false)
		if err != nil || e.Path != "/"+path {
			t.Errorf("%q, not followed: %q, %v", path, e.Path, err)
		}
	}
	for path, want := range map[string]string{
		"none": "file does not exist", "dangling": "file does not exist", "usr/lib/x/y": "not a directory",
		"loop": "too many symlinks", "abs/": "",
	} {
		_, err := f.Find(path, true)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
	if file, err := f.Lookup("lib/x"); file == nil || err != nil {
		t.Errorf("Lookup: %v, %v", file, err)
	}
	if file, err := f.Lookup("dangling/x"); file != nil || err != nil {
		t.Errorf("Lookup of a missing file: %v, %v", file, err)
	}
	if _, err := f.Find("none", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestListAndCopy(t *testing.T) {
	f := merged(t, imagetest.File{Name: "a/b/c", Data: "hello"}, imagetest.File{Name: "a.b", Data: "dot"},
		imagetest.File{Name: "l", Link: "a", Type: '2'})
	list := func(path string, recursive bool) string {
		entries, err := f.List(path, recursive)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range entries {
			all = append(all, e.Path)
		}
		return strings.Join(all, " ")
	}
	for _, test := range []struct {
		path      string
		recursive bool
		want      string
	}{
		{"/", false, "/a.b /a /l"}, {"/", true, "/a.b /a /a/b /a/b/c /l"}, {"l", false, "/a/b"}, {"/a.b", true, "/a.b"},
		{"a", true, "/a/b /a/b/c"},
	} {
		if got := list(test.path, test.recursive); got != test.want {
			t.Errorf("%s: %q, want %q", test.path, got, test.want)
		}
	}
	var out strings.Builder
	if err := f.Copy(context.Background(), &out, "l/b/c"); err != nil || out.String() != "hello" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := f.Copy(context.Background(), &out, "l"); err == nil {
		t.Error("a directory is copied")
	}
	if _, err := f.List("none", true); err == nil {
		t.Error("no error")
	}
}
