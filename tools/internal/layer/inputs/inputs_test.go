package inputs

import (
	"archive/tar"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Every other setting changes an archive, including fields that are added after this test.
func TestArchive(t *testing.T) {
	plain := Spec{Inputs: []Input{{Kind: Tar, Source: "a.tar"}}, Links: map[string]bool{"unused": true}}
	if src, ok := plain.Archive(); !ok || src != "a.tar" {
		t.Errorf("got %q, %v; want a.tar", src, ok)
	}
	changes := Spec{
		StripPrefix: "/", PackageDir: "/", Over: []string{"shape"}, ModTime: time.Unix(0, 0), Duplicates: tree.First,
		Hardlinks: true,
	}
	if err := changes.AddMode("/a", "0644"); err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeFor[Spec]().NumField() {
		name := reflect.TypeFor[Spec]().Field(i).Name
		if name == "Inputs" || name == "Links" {
			continue
		}
		changed := plain
		value := reflect.ValueOf(changes).Field(i)
		if value.IsZero() {
			t.Errorf("the test has no value for the field %s", name)
		}
		reflect.ValueOf(&changed).Elem().Field(i).Set(value)
		if _, ok := changed.Archive(); ok {
			t.Errorf("%s does not change the archive", name)
		}
	}
	for _, inputs := range [][]Input{
		nil,
		{{Kind: Deb, Source: "a.deb"}},
		{{Kind: Tar, Source: "a.tar"}, {Kind: Tar, Source: "b.tar"}},
		{{Kind: Tar, Source: "a.tar"}, {Kind: Dir, Path: "/a"}},
	} {
		if src, ok := (Spec{Inputs: inputs}).Archive(); ok {
			t.Errorf("%+v: got %q", inputs, src)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, in := range []Input{
		{Kind: Dir, Path: "/a"}, {Kind: Opaque, Path: "/"}, {Kind: Tree, Path: "/"}, {Kind: Symlink, Path: "/a", Target: "b"},
		{Kind: File, Path: "/.."}, // an error when it is read, together with its source
	} {
		if err := in.Check(); err != nil {
			t.Errorf("%+v: %v", in, err)
		}
	}
	for want, in := range map[string]Input{
		`image path "/.." (from --remove=/..): ".." is not allowed in an image path`: {Kind: Remove, Path: "/.."},
		`image path "/" (from --empty-file=/): the root cannot be a file`:            {Kind: EmptyFile, Path: "/"},
		`image path "/a" (from --symlink=/a): the link target is empty`:              {Kind: Symlink, Path: "/a"},
		`image path: the path is empty`:                                              {Kind: Tree},
	} {
		if err := in.Check(); err == nil || err.Error() != want {
			t.Errorf("%+v: got %v, want %s", in, err, want)
		}
	}
}

// write writes files with the given text, or an empty directory for a name that ends in "/".
func write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		err := os.MkdirAll(filepath.Dir(name+"x"), 0o755)
		if err == nil && !strings.HasSuffix(name, "/") {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// names returns the names of the entries that the inputs produce.
func names(t *testing.T, spec Spec) string {
	t.Helper()
	contents, err := spec.Read(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer contents.Close()
	var all []string
	for _, e := range contents.Entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

// Bazel does not record empty directories in outputs of actions; those of the source tree are like any other files.
func TestEmptyDirectories(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"src/", "bazel-out/"} {
		write(t, map[string]string{dir + "void/within/": "", dir + "full/deep/file": "x", dir + "full/void/": ""})
	}
	for src, want := range map[string]string{
		"src":       "t/ t/full/ t/full/deep/ t/full/deep/file t/full/void/ t/void/ t/void/within/",
		"bazel-out": "t/ t/full/ t/full/deep/ t/full/deep/file t/full/void/ t/void/ t/void/within/", // not below it
	} {
		if got := names(t, Spec{Inputs: []Input{{Kind: Tree, Path: "/t", Source: src}}}); got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
	for path, want := range map[string]string{
		"/t": "t/ t/deep/ t/deep/file",
		"/":  "deep/ deep/file",
	} {
		for _, kind := range []Kind{Tree, File} {
			got := names(t, Spec{Inputs: []Input{{Kind: kind, Path: path, Source: "bazel-out/full"}}})
			if got != want {
				t.Errorf("--%s=%s: got %s, want %s", kind, path, got, want)
			}
		}
	}
}

// Given metadata applies to its own input; an executable keeps its mode, and a directory in a tree the usual one.
func TestGiven(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"file": "x", "dir/sub/file": "x"})
	given := Given{Mode: tree.Perm(0o600), UID: 1, GID: 2, User: "u", Group: "g"}
	spec := Spec{Inputs: []Input{
		{Kind: File, Path: "/a", Source: "file", Given: given},
		{Kind: Executable, Path: "/b", Source: "file", Given: given},
		{Kind: File, Path: "/c", Source: "file"},
		{Kind: Tree, Path: "/d", Source: "dir", Given: given},
		{Kind: Symlink, Path: "/l", Target: "a", Given: given},
		{Kind: Remove, Path: "/r", Given: given},
	}}
	contents, err := spec.Read(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer contents.Close()
	modes := map[string]tree.Mode{
		"/a": tree.Perm(0o600), "/b": tree.Perm(0o755), "/c": 0, "/d": tree.Perm(0o755), "/d/sub": tree.Perm(0o755),
		"/d/sub/file": tree.Perm(0o600), "/l": tree.Perm(0o777), "/r": tree.Perm(0o644),
	}
	for _, e := range contents.Entries {
		owned := e.UID == 1 && e.GID == 2 && e.User == "u" && e.Group == "g"
		if want := e.Path != "/c" && e.Path != "/r"; e.Mode != modes[e.Path] || owned != want {
			t.Errorf("%s: mode %o, %d:%d %s:%s", e.Path, e.Mode.Bits(), e.UID, e.GID, e.User, e.Group)
		}
	}
}

// Contents of archives can be read until the end, and a failing archive closes those before it.
func TestArchives(t *testing.T) {
	t.Chdir(t.TempDir())
	file, err := os.Create("a.tar")
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(file)
	for _, name := range []string{"top/a", "top/b", "other"} {
		if err := w.WriteHeader(&tar.Header{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if w.Close() != nil || file.Close() != nil {
		t.Fatal("the archive was not written")
	}
	inputs := []Input{{Kind: Tar, Source: "a.tar"}}
	for want, spec := range map[string]Spec{
		"other top/ top/a top/b": {Inputs: inputs},
		"a b":                    {Inputs: inputs, StripPrefix: "/top"},
		"opt/ opt/a opt/b":       {Inputs: inputs, StripPrefix: "/top", PackageDir: "/opt"},
		"opt/ opt/other opt/top/ opt/top/a opt/top/b": {Inputs: inputs, StripPrefix: "/", PackageDir: "/opt"},
	} {
		if got := names(t, spec); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	spec := Spec{Inputs: inputs, StripPrefix: "/to"}
	if _, err := spec.Read(t.Context(), "."); err == nil || err.Error() != `a.tar: no entry is below "/to"` {
		t.Errorf("got %v", err)
	}
	spec = Spec{Inputs: append(slices.Clone(inputs), Input{Kind: Deb, Source: "a.tar"})}
	if _, err := spec.Read(t.Context(), "."); err == nil || !strings.HasPrefix(err.Error(), "a.tar: ") {
		t.Errorf("got %v", err)
	}
}

func TestTexts(t *testing.T) {
	if got, err := ParseGiven("0600:5:6:u:g"); got != (Given{tree.Perm(0o600), 5, 6, "u", "g"}) || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, text := range []string{"", "::::"} {
		if got, err := ParseGiven(text); got != (Given{}) || err != nil {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"2025-01-31T13:00:00+01:00", "1738324800"} {
		if got, err := ParseTime(text); !got.Equal(time.Unix(1738324800, 0)) || err != nil {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"0x0041": "\x00A", "0sAEE=": "\x00A", "0X41": "0X41", "": ""} {
		if got, err := decodeXattr("user.a", text); got != want || err != nil {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	var spec Spec
	for _, err := range []error{
		spec.AddMode("/a", "u+x"), spec.AddOwner("/a", "1"), spec.AddOwner("/a", "1:-1"), spec.AddOwnerName("/a", "u"),
		spec.AddModTime("/a", "now"), spec.AddXattr("/a", "user.a"), spec.AddXattr("/a", "user.a=0xg"),
		spec.AddXattr("/a", "security.capability=x"), spec.AddMode("/a**", "0644"),
	} {
		if err == nil {
			t.Error("no error for an invalid rule")
		}
	}
	if !reflect.ValueOf(spec).IsZero() {
		t.Errorf("a rejected rule was added: %+v", spec)
	}
}
