package origins_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
)

// image writes the origins of an image with a layer for each case, and opens it.
func image(t *testing.T, files map[string]string, lines ...string) (*origins.Stack, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		imagetest.WriteFile(t, filepath.Join(dir, name), []byte(text))
	}
	index := filepath.Join(dir, "image.origins")
	imagetest.WriteFile(t, index, []byte(strings.Join(append([]string{"image\tlinux/amd64\t@@//:image"}, lines...), "\n")+"\n"))
	all, err := origins.ReadIndex(index)
	if err != nil {
		return nil, err
	}
	return all[0].Open(context.Background(), dir, dir)
}

// text returns the answer for a path.
func text(t *testing.T, s *origins.Stack, path string) string {
	t.Helper()
	answer, err := s.Why(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := origins.Text(&b, answer); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func fields(all ...string) string {
	return strings.Join(all, "\n") + "\n"
}

var stacked = map[string]string{
	"shape": `{"version":1,"dirs":{},"symlinks":{"/lib":"usr/lib"}}`,
	"base.json": `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:` + strings.Repeat("0", 64) +
		`","size":1,"diff_id":"sha256:` + strings.Repeat("0", 64) + `","sources":["r.example/debian"]}`,
	"base.origins": fields("kind\tMkBase", "label\t@@x~~images~debian//:debian"),
	"low.origins": fields("kind\tMkLayer", "label\t@@//:low", "item\tfiles\t/app/\t@@//a:files", "item\tfiles\t/app/server\t@@//s:server",
		"owner\tsrc/a\t@@//a:src/a", "owner\tbazel-out/s\t@@//s:server", "owner\tbazel-out/d\t@@//a:tree",
		"owner\tsrc/dir\t@@//a:src/dir", "archive\ttars\tdata.tar\t@@dep+//:data"),
	"low.origins.args": fields("--file=/app/a=src/a", "--executable=/app/server=bazel-out/s",
		"--symlink=/app/server.runfiles/_main/s=../../server", "--tree=/app/tree=bazel-out/d", "'--file=/app/it'\\''s=src/a'",
		"--file=/app/dir=src/dir", "--as=0644:::::", "--dir=/pkg", "--as=", "--symlink=/bin/sh=busybox", "--tar=data.tar", "--dir=/empty",
		"--strip-prefix=/top", "--package-dir=/srv", "--output=x"),
	"src/dir/inside": "x",
	"src/a":          "x",
	"top.origins":    fields("kind\tMkLayer", "label\t@@//:top", "item\tfiles\t/lib/\t@@//b:lib", "owner\tsrc/b\t@@//b:src/b"),
	"top.origins.args": fields("--file=/lib/b.so=src/b", "--file=/app/a=src/b", "--remove=/app/tree", "--remove=/bin", "--opaque=/srv",
		"--tar=missing.tar", "--over=shape"),
}

func TestWhy(t *testing.T) {
	files := map[string]string{}
	for name, content := range stacked {
		files[name] = content
	}
	files["data.tar"] = string(imagetest.Tar(t, imagetest.File{Name: "top/index.html", Data: "x"}, imagetest.File{Name: "other", Data: "x"}))
	s, err := image(t, files, "shape\tshape", "layer\tbase.json\tbase.origins", "layer\tlow.json\tlow.origins", "layer\ttop.json\ttop.origins",
		"layer\tother.json")
	if err != nil {
		t.Fatal(err)
	}
	unread := "  not read: the files that layer 4, of an unknown rule writes\n" +
		"  not read: the archive missing.tar of //:top, layer 3\n  not read: the base @debian (r.example/debian), layer 1\n"
	for path, want := range map[string]string{
		"/app/a": "/app/a\n  file of //b:src/b: src/b\n  from //:top, layer 3\n" +
			"  shadows //:low, layer 2, files = {\"/app/\": \"//a:files\"}\n",
		"app/server/": "/app/server\n  file of //s:server: bazel-out/s\n  from //:low, layer 2, files = {\"/app/server\": \"//s:server\"}\n",
		"/app/server.runfiles/_main/s": "/app/server.runfiles/_main/s\n  symlink to ../../server\n" +
			"  from //:low, layer 2, files = {\"/app/server\": \"//s:server\"}\n",
		"/app/it's":       "/app/it's\n  file of //a:src/a: src/a\n  from //:low, layer 2, files = {\"/app/\": \"//a:files\"}\n",
		"/app/dir/inside": "/app/dir/inside\n  file of //a:src/dir: src/dir\n  from //:low, layer 2, files = {\"/app/\": \"//a:files\"}\n",
		"/lib/b.so": "/lib/b.so is /usr/lib/b.so\n  file of //b:src/b: src/b\n" +
			"  from //:top, layer 3, files = {\"/lib/\": \"//b:lib\"}\n",
		"/app/tree/x": "/app/tree/x\n  deleted by //:top, layer 3, remove\n  shadows //:low, layer 2, files = {\"/app/\": \"//a:files\"}\n",
		"/bin/sh":     "/bin/sh\n  deleted by //:top, layer 3, remove\n  shadows //:low, layer 2, symlinks\n",
		"/srv/index.html": "/srv/index.html\n  deleted by //:top, layer 3, opaque\n" +
			"  shadows //:low, layer 2, tars = \"@dep//:data\"\n",
		"/pkg":   "/pkg\n  directory\n  from //:low, layer 2, pkgs\n",
		"/empty": "/empty\n  directory\n  from //:low, layer 2, dirs\n",
		"/app": "/app\n  a directory that exists for its contents, such as those of //b:src/b\n  from //:top, layer 3\n" +
			"  also //:low, layer 2, files = {\"/app/\": \"//a:files\"}\n",
		"/app/se":        "/app/se\n  not in a layer of this build\n",
		"/x/inside":      "/x/inside\n  not in a layer of this build\n",
		"/empty/nothing": "/empty/nothing\n  not in a layer of this build\n",
	} {
		want += unread
		switch path {
		case "/app/se":
			want += "  similar: /app/server\n           /app/server.runfiles/_main/s\n"
		case "/x/inside":
			want += "  similar: /app/dir/inside\n"
		}
		if got := text(t, s, path); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
	}
	if _, err := s.Why("/../x"); err == nil {
		t.Error("no error for ..")
	}
}

// Conda packages are opened, and the layers that a squashed one merges are named.
func TestMerged(t *testing.T) {
	archive := condatest.Package{Name: "lib", Version: "1", Build: "0", Files: []condatest.File{{Path: "bin/lib", Body: "x"}}}
	data, err := archive.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	name := archive.Stem() + ".conda"
	s, err := image(t, map[string]string{
		name:             string(data),
		"squash.origins": fields("kind\tMkSquash", "label\t@@//:squash"),
		"import.origins": fields("kind\tMkImport", "label\t@@//:imported"),
		"conda.origins":  fields("kind\tMkCondaLayer", "label\t@@//:conda", "archive\t\t"+name+"\t@@lib//:archive"),
		"conda.origins.args": fields("layer", "--prefix=/opt/env", "--package="+name, "--url=https://c.example/linux-64/"+name,
			"--output=x"),
		"environment.origins":      fields("kind\tMkCondaEnvironment", "label\t@@//:conda"),
		"environment.origins.args": fields("--prefix=/opt/env"),
	}, "layer\tsquash.json\tsquash.origins\timport.origins\tconda.origins\tenvironment.origins")
	if err != nil {
		t.Fatal(err)
	}
	want := "/opt/env/bin/lib\n  file in the archive " + name + "\n  from //:conda, squashed in //:squash\n" +
		"  not read: the files that //:conda writes\n  not read: the base //:imported\n"
	if got := text(t, s, "/opt/env/bin/lib"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Origin names the target of a file. What a layer has and no command line lists comes from its only archive that is not read.
func TestOrigin(t *testing.T) {
	files := map[string]string{
		"one.origins":      fields("kind\tMkLayer", "label\t@@//:one", "archive\ttars\tgone.tar\t@@dep+//:data"),
		"one.origins.args": fields("--tar=gone.tar"),
		"two.origins":      fields("kind\tMkLayer", "label\t@@//:two", "archive\ttars\tgone.tar\t@@dep+//:data"),
		"two.origins.args": fields("--tar=gone.tar", "--tar=gone2.tar"),
	}
	for name, text := range stacked {
		files[name] = text
	}
	s, err := image(t, files, "layer\tbase.json\tbase.origins", "layer\tlow\tlow.origins", "layer\tone\tone.origins", "layer\ttwo\ttwo.origins")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, path, want string }{
		{"base.json", "/x", "@@x~~images~debian//:debian"}, {"low", "/app/a", "@@//a:src/a"}, {"low", "/app/server", "@@//s:server"},
		{"low", "/app/tree/x", "@@//a:tree"}, {"low", "/pkg", "@@//:low"}, {"one", "/any", "@@dep+//:data"}, {"two", "/any", ""},
		{"unknown", "/any", ""},
	} {
		place, ok := s.Origin(c.key, c.path)
		if got := place.Brought(); got != c.want || ok != (c.want != "") {
			t.Errorf("%s %s: got %q, %t, want %q", c.key, c.path, got, ok, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	for label, want := range map[string]string{
		"@@//a:b": "//a:b", "@@rules_strata~//a:b": "@rules_strata//a:b", "@@m+1.2//:m": "@m", "@@m~~ext~name//p:q": "@name//p:q",
		"@@m++ext+name//:x": "@name//:x", "//a:b": "//a:b", "": "", "@@x": "@@x",
	} {
		if got := origins.Short(label); got != want {
			t.Errorf("%s: got %s, want %s", label, got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for want, file := range map[string][2]string{
		`x.origins: unknown kind of layer ""`:               {"label\t@@//:x\n", ""},
		`x.origins: line 1: unexpected "owner\ta"`:          {"owner\ta\n", ""},
		`x.origins.args: no such file or directory`:         {"kind\tMkLayer\n", "missing"},
		`x.origins.args: argument 1: no closing quote`:      {"kind\tMkLayer\n", "'--file\n"},
		`x.origins.args: --file: "/a": no "=", expected `:   {"kind\tMkLayer\n", "--file=/a\n"},
		`x.origins.args: --strip-prefix=/..: ".." is not `:  {"kind\tMkLayer\n", "--strip-prefix=/..\n"},
		`x.origins.args: --duplicates=x: "x": expected err`: {"kind\tMkLayer\n", "--duplicates=x\n"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "x.origins")
		imagetest.WriteFile(t, path, []byte(file[0]))
		if file[1] != "missing" {
			imagetest.WriteFile(t, path+".args", []byte(file[1]))
		}
		part, err := origins.Read(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %+v, %v; want %s", part, err, want)
		}
	}
	index := filepath.Join(t.TempDir(), "index")
	for _, line := range []string{"layer\tx", "image\tx", "shape\tx", "x"} {
		imagetest.WriteFile(t, index, []byte(line+"\n"))
		if all, err := origins.ReadIndex(index); err == nil {
			t.Errorf("%q: got %+v", line, all)
		}
	}
	imagetest.WriteFile(t, index, nil)
	if all, err := origins.ReadIndex(index); err != nil || !reflect.DeepEqual(all, origins.Index(nil)) {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := origins.ReadIndex(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

// Nonsense in the aspect's files is an error, never a panic.
func FuzzRead(f *testing.F) {
	f.Add(stacked["low.origins"], stacked["low.origins.args"], "/app/a")
	f.Add(stacked["top.origins"], stacked["top.origins.args"], "/lib")
	f.Fuzz(func(t *testing.T, lines, args, path string) {
		s, err := image(t, map[string]string{"x.origins": lines, "x.origins.args": args}, "layer\tx.json\tx.origins")
		if err == nil {
			s.Why(path)
		}
	})
}
