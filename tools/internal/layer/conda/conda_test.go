package conda

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// target is where tests install packages.
var target = Target{Prefix: "/opt/conda", Python: &Python{"3.11", "lib/python3.11/site-packages"}}

// openData opens a package in memory.
func openData(t testing.TB, data []byte) (*Package, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pkg")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), file, t.TempDir())
	if err == nil {
		p.name = "pkg"
		t.Cleanup(func() { p.Close() })
	}
	return p, err
}

// installData installs a package in memory and reads all of its contents.
func installData(t testing.TB, data []byte, to Target, url string) (Installed, map[string]string, error) {
	t.Helper()
	p, err := openData(t, data)
	if err != nil {
		return Installed{}, nil, err
	}
	installed, err := p.Install(to, url)
	if err != nil {
		return installed, nil, err
	}
	texts := make(map[string]string)
	for _, e := range installed.Entries {
		text, err := readContent(e.Content, 1<<30)
		if err != nil {
			return installed, texts, fmt.Errorf("%s: %w", e.Path, err)
		}
		texts[e.Path] = string(text)
	}
	return installed, texts, nil
}

// install installs a made package from a usual URL.
func install(t testing.TB, p condatest.Package) (Installed, map[string]string, error) {
	t.Helper()
	data, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	subdir := "linux-64"
	if s, ok := p.Index["subdir"].(string); ok {
		subdir = s
	}
	return installData(t, data, target, "https://example.org/channel/"+subdir+"/"+p.Stem()+".conda")
}

// refuse checks the error for a package.
func refuse(t *testing.T, p condatest.Package, want string) {
	t.Helper()
	_, _, err := install(t, p)
	_, problem, _ := strings.Cut("pkg: "+fmt.Sprint(err), "pkg: ")
	if _, after, ok := strings.Cut(problem, "/pkg: "); ok {
		problem = after
	}
	if problem = strings.TrimPrefix(problem, "pkg: "); err == nil || problem != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

// A package states its files once more, and that must be right.
func TestInstallRefuses(t *testing.T) {
	file := condatest.File{Path: "lib/a", Body: "a"}
	listed := func(key string, value any) condatest.Package {
		changed := file
		changed.Listed = map[string]any{key: value}
		return condatest.Package{Files: []condatest.File{changed}}
	}
	index := func(key string, value any) condatest.Package {
		return condatest.Package{Index: map[string]any{key: value}}
	}
	info := func(name, text string) condatest.Package {
		return condatest.Package{Files: []condatest.File{file}, Info: map[string]string{name: text}}
	}
	entry := func(f condatest.File) condatest.Package { return condatest.Package{Files: []condatest.File{f}} }
	ofX := strings.Repeat("0", 64)
	points := func(text string) condatest.Package {
		return condatest.Package{Index: map[string]any{"noarch": "python", "subdir": "noarch"}, Info: map[string]string{
			"link.json": `{"noarch":{"type":"python","entry_points":["` + text + `"]},"package_metadata_version":1}`}}
	}
	for _, test := range []struct {
		p    condatest.Package
		want string
	}{
		{listed("sha256", ofX), "/opt/conda/lib/a: pkg: the file has the SHA-256 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb, the package lists " + ofX},
		{listed("sha256", "ABC"), `path "lib/a": sha256 "ABC": expected 64 lower-case hexadecimal digits`},
		{listed("size_in_bytes", 2), "lib/a: the file has 1 bytes, the package lists 2"},
		{listed("size_in_bytes", -2), `path "lib/a": the size -2 is negative`},
		{listed("prefix_placeholder", "/x"), `path "lib/a": file mode "": expected text or binary`},
		{listed("_path", "/lib/a"), `path "/lib/a": the path is absolute`},
		{listed("_path", "../a"), `path "../a": ".." is not allowed in an image path`},
		{listed("_path", ""), `path "": the path is empty`},
		{listed("_path", "lib/b"), "lib/b: the package lists the path, but does not contain it"},
		{listed("_path", "lib/.wh.a"), `path "lib/.wh.a": names that start with ".wh." are reserved for whiteouts`},
		{entry(condatest.File{Path: "lib/l", Type: tar.TypeSymlink}), "lib/l: a symlink without a target, which conda cannot install either; " +
			"take another build of the package, or its .tar.bz2"},
		{entry(condatest.File{Path: "lib/f", Type: tar.TypeFifo}), "lib/f: a named pipe, expected a file, a symlink or a directory"},
		{entry(condatest.File{Path: "lib/.wh.f"}), "/lib/f: a package must not contain a whiteout"},
		{entry(condatest.File{Path: "../f", Unlisted: true}), `pkg-pkg-1.0-0.tar.zst: entry "../f": ".." is not allowed in an image path`},
		{entry(condatest.File{Path: "conda-meta/pkg-1.0-0.json", Body: "{}"}), "conda-meta/pkg-1.0-0.json: the package contains its own record, which conda makes"},
		{entry(condatest.File{Path: "lib/b", Body: condatest.Placeholder + "\x00", FileMode: "binary", Listed: map[string]any{"prefix_placeholder": "/home"}}),
			"lib/b: the prefix is longer than the placeholder in a binary: 10 bytes, there is room for 5"},
		{entry(condatest.File{Path: "etc/conda/env_vars.d/a.json", Body: `{"A": 1}`}),
			"etc/conda/env_vars.d/a.json: json: cannot unmarshal number into Go value of type string"},
		{info("paths.json", `{"paths_version": 2}`), `info/paths.json: version "2", expected 1`},
		{info("paths.json", "["), "info/paths.json: unexpected EOF"},
		{info("paths.json", ""), "not a Conda package: it has neither info/paths.json nor info/files"},
		{info("index.json", ""), "not a Conda package: it has no info/index.json"},
		{info("link.json", `{"package_metadata_version": 2}`), `info/link.json: version "2", expected 1`},
		{condatest.Package{Files: []condatest.File{file}, Info: map[string]string{"paths.json": "", "files": "lib/a", "has_prefix": `"x`}},
			`info/has_prefix: "\"x": the quote does not end`},
		{condatest.Package{Files: []condatest.File{file}, Info: map[string]string{"paths.json": "", "files": "lib/a", "has_prefix": "a text"}},
			`info/has_prefix: "a text": expected PATH, or PLACEHOLDER MODE PATH`},
		{index("name", "other"), "the package is other-1.0-0, but its URL is https://example.org/channel/linux-64/pkg-1.0-0.conda"},
		{index("name", "../x"), `info/index.json: name "../x" is not part of a package's name`},
		{index("version", nil), `info/index.json: version "" is not part of a package's name`},
		{index("subdir", "osx-64"), `URL https://example.org/channel/osx-64/pkg-1.0-0.conda: platform "osx-64": only packages for Linux, and noarch ones, can be in an image`},
		{index("platform", "win"), "a package for linux-64 win: only packages for Linux, and noarch ones, can be in an image"},
		{index("noarch", "perl"), `info/index.json: noarch "perl": expected generic or python`},
		{points("a"), `info/link.json: entry point "a": expected COMMAND = MODULE:FUNCTION`},
		{points("../a=m:f"), `info/link.json: entry point "../a=m:f": "../a" is not a program's name`},
		{points(".a=m:f"), `info/link.json: entry point ".a=m:f": ".a" is not a program's name`},
		{points("a=m;x:f"), `info/link.json: entry point "a=m;x:f": "m;x" is not the name of a Python module`},
		{points("a=m:f()"), `info/link.json: entry point "a=m:f()": "f()" is not the name of a Python function`},
		{points("a=import:f"), `info/link.json: entry point "a=import:f": "import" is not the name of a Python module`},
	} {
		refuse(t, test.p, test.want)
	}
	data, err := condatest.Package{Index: map[string]any{"noarch": "python", "subdir": "noarch"}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := installData(t, data, Target{Prefix: "/p"}, "https://h/noarch/pkg-1.0-0.conda"); !errors.Is(err, errNoPython) {
		t.Errorf("noarch: python without Python: %v", err)
	}
}

func TestInstall(t *testing.T) {
	files := []condatest.File{
		{Path: "bin/.pkg-post-link.sh", Body: "x"}, {Path: "bin/.pkg-pre-unlink.sh", Body: "y"}, {Path: "bin/.other-post-link.sh", Body: "z"},
		{Path: "etc/conda/activate.d/b.sh", Body: "b"}, {Path: "etc/conda/activate.d/a.sh", Body: "a"}, {Path: "etc/conda/activate.d/a.fish"},
		{Path: "etc/conda/env_vars.d/v.json", Body: `{"A": "` + condatest.Placeholder + `", "B": null, "C": "***unset***"}`, FileMode: "text"},
		{Path: "conda-meta/state", Body: `{"env_vars": {"x": "1"}, "version": 1}`},
		{Path: "share/d", Type: tar.TypeDir, Mode: 0o775, Listed: map[string]any{"path_type": "directory", "sha256": nil, "size_in_bytes": nil}},
		{Path: "lib/l", Symlink: "m"}, {Path: "lib/h", Hardlink: "lib/p", Listed: map[string]any{"sha256": nil, "size_in_bytes": nil}},
	}
	files = slices.Insert(files, 9, condatest.File{Path: "lib/p", Body: "p", Mode: 0o775})
	got, texts, err := install(t, condatest.Package{Files: files, Index: map[string]any{"license": "MIT", "build_number": 7}})
	if err != nil {
		t.Fatal(err)
	}
	f := got.Facts
	paths := f.Paths
	f.Paths = nil
	want := Facts{
		Name: "pkg", Version: "1.0", Build: "0", BuildNumber: 7, Subdir: "linux-64", License: "MIT",
		PURL: "pkg:conda/pkg@1.0?build=0&channel=channel&subdir=linux-64&type=conda", URL: "https://example.org/channel/linux-64/pkg-1.0-0.conda",
		SHA256: f.SHA256, Size: f.Size,
		Variables: map[string]map[string]string{
			"etc/conda/env_vars.d/v.json": {"A": "/opt/conda"}, "conda-meta/state": {"x": "1"},
		},
		Activation:  []string{"etc/conda/activate.d/a.sh", "etc/conda/activate.d/b.sh"},
		LinkScripts: []string{"bin/.pkg-post-link.sh", "bin/.pkg-pre-unlink.sh"},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got  %+v\nwant %+v", f, want)
	}
	for _, p := range paths {
		if p.Path == "share/d" && p.Type != TypeDirectory {
			t.Errorf("%+v is not a directory", p)
		}
		e := got.Entries[slices.IndexFunc(got.Entries, func(e *tree.Entry) bool { return e.Path == "/opt/conda/"+p.Path })]
		if p.Type == TypeFile && (p.SHA256 != sha256Text([]byte(texts[e.Path])) || p.Mode != e.Mode.Bits()) || p.Target != e.Target {
			t.Errorf("the facts of %+v differ from the entry %+v", p, e)
		}
	}
	if len(paths) != len(files)+1 || len(got.Entries) != len(files)+1 {
		t.Errorf("%d facts, %d entries, want %d", len(paths), len(got.Entries), len(files)+1)
	}
	again, err := openData(t, mustBytes(t, condatest.Package{Files: files}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := again.Install(target, "https://example.org/linux-64/pkg-1.0-0.conda"); err != nil {
			t.Error(err)
		}
	}
}

func mustBytes(t testing.TB, p condatest.Package) []byte {
	t.Helper()
	data, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What is listed below info/ is not installed, nor are files that are not listed.
func TestNotInstalled(t *testing.T) {
	got, _, err := install(t, condatest.Package{Files: []condatest.File{
		{Path: "lib/a", Listed: map[string]any{"_path": "info/index.json"}}, {Path: "lib/b", Unlisted: true}, {Path: "info/c", Unlisted: true},
	}})
	if err != nil || len(got.Entries) != 1 || got.Facts.Paths[0].Path != "conda-meta/pkg-1.0-0.json" {
		t.Errorf("%+v, %v", got.Facts.Paths, err)
	}
}

// The order of the archive's entries does not matter.
func TestOrder(t *testing.T) {
	files := []condatest.File{{Path: "a", Body: "1"}, {Path: "b", Body: condatest.Placeholder, FileMode: "text"}, {Path: "c", Symlink: "a"}}
	list := func() []string {
		got, texts, err := install(t, condatest.Package{Files: files, Info: map[string]string{
			"paths.json": `{"paths_version":1,"paths":[{"_path":"a"},{"_path":"b","prefix_placeholder":"` + condatest.Placeholder + `","file_mode":"text"},{"_path":"c"}]}`,
		}})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range got.Entries[:len(files)] {
			all = append(all, fmt.Sprint(e.Path, e.Mode, e.ModTime, e.Target, texts[e.Path]))
		}
		return all
	}
	first := list()
	slices.Reverse(files)
	if second := list(); !slices.Equal(first, second) {
		t.Errorf("%q, in another order %q", first, second)
	}
}

// The digest of a file with a placeholder is checked before the replacement.
func TestReplacedFileIsChecked(t *testing.T) {
	f := condatest.File{Path: "lib/a", Body: condatest.Placeholder, FileMode: "text", Listed: map[string]any{"sha256": strings.Repeat("0", 64)}}
	_, _, err := install(t, condatest.Package{Files: []condatest.File{f}})
	if err == nil || !strings.Contains(err.Error(), "lib/a: the file has the SHA-256 ") {
		t.Errorf("error %v", err)
	}
}

// null stands for a missing value.
func TestNull(t *testing.T) {
	got, texts, err := install(t, condatest.Package{Info: map[string]string{
		"index.json": `{"name":"pkg","version":"1.0","build":"0","constrains":null,"depends":null,"arch":null,"license":null,"noarch":null,"timestamp":1}`,
	}})
	record := texts["/opt/conda/conda-meta/pkg-1.0-0.json"]
	if err != nil || strings.Contains(record, "null") || !strings.Contains(record, `"constrains": [],`) || len(got.Entries) != 1 {
		t.Errorf("%v, %s", err, record)
	}
}

// A patched file is a second younger, so that Python does not take its old .pyc for current.
func TestTimes(t *testing.T) {
	got, _, err := install(t, condatest.Package{Files: []condatest.File{
		{Path: "a.py", Body: condatest.Placeholder, FileMode: "text"}, {Path: "b.py", Body: "x", FileMode: "text"}, {Path: "c.py"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []int64{1600000001, 1600000000, 1600000000} {
		if e := got.Entries[n]; e.ModTime.Unix() != want || e.ModTime.Nanosecond() != 0 {
			t.Errorf("%s: %s, want %d", e.Path, e.ModTime, want)
		}
	}
}
