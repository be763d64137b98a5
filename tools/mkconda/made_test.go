package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
)

var writePackages = flag.String("write-packages", "", "directory to write the made packages to, for conda")

// ph is the placeholder in the made packages.
var ph = condatest.Placeholder

// made are packages for which the goldens are, too. Each has what the packages of other projects do not have.
var made = []condatest.Package{
	{Name: "modes", Files: []condatest.File{
		{Path: "bin/group-writable", Mode: 0o775, Body: "#!/bin/sh\n"},
		{Path: "bin/setuid", Mode: 0o6755, Body: "x"},
		{Path: "share/all", Mode: 0o666, Body: "x"},
		{Path: "share/private", Mode: 0o600, Body: "x"},
		{Path: "share/read-only", Mode: 0o444, Body: "x"},
		{Path: "share/read-only-prefix", Mode: 0o444, Body: "x=" + ph + "\n", FileMode: "text"},
		{Path: "share/read-only-nothing", Mode: 0o444, Body: "no placeholder\n", FileMode: "text"},
		{Path: "share/sticky", Mode: 0o1755, Body: "x"},
	}},
	{Name: "links", Files: []condatest.File{
		{Path: "lib/liba.so.1", Mode: 0o755, Body: "a"},
		{Path: "lib/libhard.so", Mode: 0o755, Hardlink: "lib/liba.so.1", Listed: map[string]any{"sha256": nil, "size_in_bytes": nil}},
		{Path: "lib/liba.so", Symlink: "liba.so.1"},
		{Path: "lib/upward", Symlink: "../../../../../../etc/passwd"},
		{Path: "lib/dangling", Symlink: "nothing"},
		{Path: "lib/is-a-link", Symlink: "liba.so.1", Listed: map[string]any{"path_type": "hardlink", "sha256": nil, "size_in_bytes": nil}},
		{Path: "share/deep/er/file", Body: "x", ModTime: time.Unix(1234567890, 999)},
		{Path: "share/not-listed", Body: "x", Unlisted: true},
		{Path: "share/no-link", Body: "x", Listed: map[string]any{"no_link": true}},
		{Path: "Menu/links.json", Body: `{"menu_name": "links", "menu_items": []}`},
	}},
	{Name: "wide", Files: []condatest.File{
		{Path: "lib/utf16le", Body: "a\x00" + wide(ph+"/x\x00", true) + "z", FileMode: "binary"},
		{Path: "lib/utf16be", Body: "a\x00" + wide(ph+"/x\x00", false) + "z", FileMode: "binary"},
		{Path: "lib/text16", Body: wide("a="+ph+"/x\n", true), FileMode: "text"},
		{Path: "lib/many", Body: ph + ":" + ph + "/a:" + ph + "\x00" + ph + "\x00\x00" + ph + "\n\x00", FileMode: "binary"},
		{Path: "lib/newline-in-string", Body: "x" + ph + "\nmore\x00y", FileMode: "binary"},
		{Path: "lib/big", Body: strings.Repeat("0123456789\x00", 20000) + ph + strings.Repeat("x", 100000) + ph + "\x00end", FileMode: "binary"},
		{Path: "lib/crlf", Body: "#!" + ph + "/bin/python\r\nx\r\n", FileMode: "text"},
		{Path: "lib/second-line", Body: "\n#!" + ph + "/bin/python\n", FileMode: "text"},
		{Path: "lib/empty", Body: "", FileMode: "text"},
	}},
	{Name: "old", Info: map[string]string{
		"paths.json": "",
		"files":      "bin/a\nbin/b\nlib/c\n# a comment\n\nlib/d\nlib/e\n",
		"has_prefix": "bin/a\n\"" + ph + "\" text bin/b\n'" + ph + "' binary \"lib/c\"\n",
		"no_link":    "lib/d\n",
	}, Files: []condatest.File{
		{Path: "bin/a", Body: "#!/opt/anaconda1anaconda2anaconda3/bin/python\n", Mode: 0o755},
		{Path: "bin/b", Body: "#!" + ph + "/bin/python\n", Mode: 0o755},
		{Path: "lib/c", Body: "\x00" + ph + "/c\x00"},
		{Path: "lib/d", Body: "d"},
		{Path: "lib/e", Symlink: "d"},
	}},
	{Name: "variables", Build: "h_1", Index: map[string]any{"license": "MIT", "license_family": "MIT", "constrains": []string{"x >1"},
		"timestamp": 1600000000123, "track_features": "f"}, Files: []condatest.File{
		{Path: "etc/conda/env_vars.d/a.json", Body: `{"A": "` + ph + `/a", "B": "b"}`, FileMode: "text"},
		{Path: "etc/conda/env_vars.d/b.json", Body: `{"B": "2", "PATH": "/no", "C": null, "D": "***unset***"}`},
	}},
	{Name: "points", Build: "py_0", Index: map[string]any{"noarch": "python", "subdir": "noarch"}, Info: map[string]string{
		"link.json": `{"noarch": {"type": "python", "entry_points": ["a=m:f", " b = m.n : C.f ", "c-d = 'm:f'"]}, "package_metadata_version": 1}`,
	}, Files: []condatest.File{
		{Path: "site-packages/m/__init__.py", Body: "def f(): pass\n"},
		{Path: "site-packages/m/n.py", Body: "class C:\n  f = print\n"},
		{Path: "site-packages/site-packages/x.txt", Body: "x"},
		{Path: "python-scripts/script", Body: "#!" + ph + "/bin/python\n", Mode: 0o755, FileMode: "text"},
		{Path: "bin/other", Body: "x", Mode: 0o755},
		{Path: "lib/site-packages/y.txt", Body: "y"},
	}},
}

// wide encodes a text in UTF-16.
func wide(text string, low bool) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(text)) {
		if pair := []byte{byte(c), byte(c >> 8)}; low {
			b.Write(pair)
		} else {
			b.Write([]byte{pair[1], pair[0]})
		}
	}
	return b.String()
}

// locate returns the path of a package in the tests' data, or of a made one.
func locate(t *testing.T, name string) string {
	t.Helper()
	for _, p := range made {
		if p.Stem()+".conda" == name {
			file := filepath.Join(t.TempDir(), name)
			if err := p.Write(file); err != nil {
				t.Fatal(err)
			}
			return file
		}
	}
	return filepath.Join("testdata", "packages", name)
}

// TestMade checks that there is a golden for each made package, and writes the packages for conda with -write-packages.
func TestMade(t *testing.T) {
	for _, p := range made {
		name := p.Stem() + ".conda"
		if *writePackages != "" {
			if err := p.Write(filepath.Join(*writePackages, name)); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(filepath.Join("testdata", "golden", "made-"+p.Name+".json")); err != nil {
			t.Error(err)
		}
	}
}
