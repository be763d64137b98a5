package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// golden is a prefix after conda has installed packages into it. testdata/README.md describes how the files were made.
type golden struct {
	Prefix   string
	Packages []string
	Entries  []installed
}

// installed is a path of a prefix, or a record in conda-meta.
type installed struct {
	Path   string
	Type   string // directory, file, link or record
	Mode   string
	SHA256 string
	Size   int64
	Target string

	Fields map[string]any
	Files  []string
	Paths  []map[string]any
}

// differences are the intended ones, by the name of the golden file: how each begins. docs/internals/conda.md explains them.
var differences = map[string][]string{
	"all": {
		"conda-meta/synth-1.0-0.json: lib/bin2: sha256_in_prefix",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: path_type: hardlink, conda's softlink",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: sha256: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: size_in_bytes: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: path_type: hardlink, conda's softlink",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: sha256: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: size_in_bytes: ",
		"lib/bin2: a file 644 of 262 bytes, df135f33, conda's a file 644 of 262 bytes, 52cbe95e",
	},
	"link-scripts-0.1.0-h4616a5c_0.conda": {"i-was-post-linked: only in conda's"},
	"made-links": {
		"conda-meta/links-1.0-0.json: files: ", // conda lists Menu/links.json twice
		"conda-meta/links-1.0-0.json: lib/is-a-link: path_type: softlink, conda's hardlink",
	},
	"made-modes": {
		"bin/setuid: a file 755 of 1 bytes, 2d711642, conda's a file 6755 ",
		"share/sticky: a file 755 of 1 bytes, 2d711642, conda's a file 1755 ",
	},
	"post_link-e-1.0-0.conda": {"bin/file: only in conda's"},
	"python+np-long": {
		"bin/npscript: a file 755 of 207 bytes, c5e8c481, conda's a file 755 of 31 bytes",
		"conda-meta/np-1.0-py_0.json: python-scripts/npscript: sha256_in_prefix: ",
	},
	"sparse-test-1.0.0-0.conda": {"conda-meta/sparse-test-1.0.0-0.json: subdir: linux-64, conda's <nil>"},
	"synth": {
		"conda-meta/synth-1.0-0.json: lib/bin2: sha256_in_prefix: ",
		"lib/bin2: a file 644 of 262 bytes, df135f33, conda's a file 644 of 262 bytes, 52cbe95e",
	},
	"synth-long": {
		"bin/sh1: a file 755 of 365 bytes, 7df6cdad, conda's a file 755 of 189 bytes, 29059752",
		"conda-meta/synth-1.0-0.json: lib/bin2: sha256_in_prefix: ",
		"conda-meta/synth-1.0-0.json: bin/sh1: sha256_in_prefix: ",
		"conda-meta/synth-1.0-0.json: share/nonl: sha256_in_prefix: ",
		"lib/bin2: a file 644 of 262 bytes, 3fe0efbb, conda's a file 644 of 262 bytes, 52cbe95e",
		"share/nonl: a file 600 of 197 bytes, b58349e4, conda's a file 600 of 21 bytes, 76ef2f28",
	},
	"zlib-1.2.11-h7b6447c_3.tar.bz2": {
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: path_type: hardlink, conda's softlink",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: sha256: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so: size_in_bytes: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: path_type: hardlink, conda's softlink",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: sha256: ",
		"conda-meta/zlib-1.2.11-h7b6447c_3.json: lib/libz.so.1: size_in_bytes: ",
	},
}

// refusals are the errors for packages that conda installs, by the name of the golden file. docs/internals/conda.md explains
// them, too.
var refusals = map[string]string{
	"clobber-dirs":                "dir is a directory in clobber-with-dir and a file in clobber-without-dir: a layer would hide the directory",
	"clobber-fd":                  "clobber is a file in clobber-fd-1, but clobber-fd-2 has clobber/clobber-fd-2.txt: a layer would replace the file",
	"clobber-fd-conflicting":      "clobber is a file in clobber-fd-1, but clobber-fd-2-conflicting has clobber/clobber-fd-2.txt: a layer would replace the file",
	"clobber-fd-rev":              "clobber is a directory in clobber-fd-rev-1 and a file in clobber-fd-rev-3: a layer would hide the directory",
	"dotslash-test-1.0.0-0.conda": "not a Conda package: it has neither info/paths.json nor info/files",
	"symlink-test-1.0.0-0.conda":  "not a Conda package: it has neither info/paths.json nor info/files",
	"zip64-test-1.0.0-0.conda":    "not a Conda package: it has neither info/paths.json nor info/files",
}

// TestGolden installs packages as conda did, each as a layer, and compares the prefix that results with conda's: every
// path with its type, mode and content, and the records.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("%q, %v", names, err)
	}
	for _, name := range names {
		short := strings.TrimSuffix(filepath.Base(name), ".json")
		t.Run(short, func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var want golden
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			got, refused := install(t, want)
			if text := refusals[short]; refused != "" || text != "" {
				if text == "" || !strings.Contains(refused, text) {
					t.Errorf("error %s\nwant %s", refused, text)
				}
				return
			}
			found := compare(got, want.Entries)
			if expected := differences[short]; !slices.EqualFunc(found, expected, strings.HasPrefix) {
				t.Errorf("differences from conda:\n%s\nintended are:\n%s", strings.Join(found, "\n"), strings.Join(expected, "\n"))
			}
		})
	}
}

// run runs the tool and returns its error.
func run(args ...string) string {
	var stderr strings.Builder
	if code := command.Run(context.Background(), args, cli.Streams{Out: io.Discard, Err: &stderr}); code != cli.ExitOK {
		return fmt.Sprintf("exit code %d: %s", code, &stderr)
	}
	return ""
}

// install makes a layer of each package and one of the environment, and returns the prefix that results, or an error of
// the tool.
func install(t *testing.T, want golden) (all map[string]installed, refused string) {
	t.Helper()
	dir, prefix, subdirs := t.TempDir(), want.Prefix, subdirs(want.Entries)
	at := func(name string) string { return filepath.Join(dir, name) }
	environment := []string{"environment", "--prefix=" + prefix, "--name=test", "--compression=none", "--clobber=last", "--activation=ignore",
		"--output=" + at("environment"), "--descriptor=" + at("environment.json"), "--packages=" + at("packages.json")}
	python := ""
	all = make(map[string]installed)
	for n, name := range want.Packages {
		file := locate(t, name)
		stem := strings.TrimSuffix(strings.TrimSuffix(name, ".conda"), ".tar.bz2")
		blob := at(fmt.Sprint(n))
		args := []string{"layer", "--prefix=" + prefix, "--package=" + file, "--url=https://example.org/channel/" + subdirs[stem] + "/" + name,
			"--compression=none", "--output=" + blob, "--descriptor=" + blob + ".json", "--facts=" + blob + ".facts", "--link-scripts=ignore"}
		if strings.HasPrefix(name, "python-") {
			python = at("python.json")
			if refused := run("python", "--package="+file, "--output="+python); refused != "" {
				return nil, refused
			}
		}
		if python != "" {
			args = append(args, "--python="+python)
		}
		if refused := run(args...); refused != "" {
			return nil, refused
		}
		environment = append(environment, "--facts="+blob+".facts")
		unpack(t, blob, prefix, all)
	}
	if refused := run(environment...); refused != "" {
		return nil, refused
	}
	unpack(t, at("environment"), prefix, all)
	if _, ok := all["conda-meta/history"]; !ok {
		t.Error("there is no conda-meta/history")
	}
	delete(all, "conda-meta/history") // that of conda has times
	return all, ""
}

// subdirs returns where conda found the packages, from their records.
func subdirs(entries []installed) map[string]string {
	all := make(map[string]string)
	for _, e := range entries {
		if e.Type == "record" {
			subdir, ok := e.Fields["subdir"].(string)
			if !ok {
				subdir = "linux-64" // the package does not state it
			}
			all[fmt.Sprintf("%v-%v-%v", e.Fields["name"], e.Fields["version"], e.Fields["build"])] = subdir
		}
	}
	return all
}

// unpack unpacks a layer over the prefix.
func unpack(t *testing.T, blob, prefix string, all map[string]installed) {
	t.Helper()
	if _, err := wire.ReadLayer(blob + ".json"); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	layer := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := layer.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Clean("/" + h.Name)
		place, ok := strings.CutPrefix(name, prefix+"/")
		if !ok {
			if !strings.HasPrefix(prefix+"/", name+"/") {
				t.Errorf("%s is not in the prefix", name)
			}
			continue
		}
		content, err := io.ReadAll(layer)
		if err != nil {
			t.Fatal(err)
		}
		e := installed{Path: place, Type: "file", Mode: fmt.Sprintf("%o", h.Mode), SHA256: fmt.Sprintf("%x", sha256.Sum256(content)), Size: h.Size}
		switch h.Typeflag {
		case tar.TypeDir:
			e = installed{Path: place, Type: "directory", Mode: e.Mode}
		case tar.TypeSymlink:
			e = installed{Path: place, Type: "link", Target: h.Linkname}
		case tar.TypeLink:
			e = all[strings.TrimPrefix(path.Clean("/"+h.Linkname), prefix+"/")]
			e.Path = place
		}
		if path.Dir(place) == "conda-meta" && strings.HasSuffix(place, ".json") {
			e = readRecord(t, place, content)
		}
		all[place] = e
	}
}

func readRecord(t *testing.T, place string, data []byte) installed {
	t.Helper()
	var record struct {
		Files []string
		Data  struct{ Paths []map[string]any } `json:"paths_data"`
	}
	var fields map[string]any
	if err := errors.Join(json.Unmarshal(data, &record), json.Unmarshal(data, &fields)); err != nil {
		t.Fatalf("%s: %v", place, err)
	}
	return installed{Path: place, Type: "record", Fields: fields, Files: record.Files, Paths: record.Data.Paths}
}

// compare lists in what a prefix differs from that of conda.
func compare(got map[string]installed, entries []installed) []string {
	want := make(map[string]installed)
	for _, e := range entries {
		if !isCompiled(e.Path) {
			want[e.Path] = e
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(union(got, want))) {
		g, w := got[name], want[name]
		switch {
		case g.Type == "":
			found = append(found, name+": only in conda's")
		case w.Type == "":
			found = append(found, name+": only in ours")
		case g.Type == "record" && w.Type == "record":
			found = append(found, compareRecords(g, w)...)
		case !reflect.DeepEqual(g, w):
			found = append(found, fmt.Sprintf("%s: %s, conda's %s", name, g, w))
		}
	}
	return found
}

func union(a, b map[string]installed) map[string]installed {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// isCompiled reports whether conda has made the file, when it compiled modules.
func isCompiled(name string) bool {
	return strings.HasSuffix(name, ".pyc") || path.Base(name) == "__pycache__"
}

// String describes a path in a difference.
func (e installed) String() string {
	switch e.Type {
	case "link":
		return "a link to " + e.Target
	case "file":
		return fmt.Sprintf("a file %s of %d bytes, %.8s", e.Mode, e.Size, e.SHA256)
	}
	return "a " + e.Type + " " + e.Mode
}

func compareRecords(got, want installed) []string {
	var found []string
	differs := func(what string, g, w any) {
		if !reflect.DeepEqual(g, w) {
			found = append(found, fmt.Sprintf("%s: %s: %v, conda's %v", got.Path, what, g, w))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Fields)) {
		differs(name, got.Fields[name], want.Fields[name])
	}
	differs("files", got.Files, slices.DeleteFunc(want.Files, isCompiled))
	paths := slices.DeleteFunc(want.Paths, func(p map[string]any) bool { return p["path_type"] == "pyc_file" })
	for n := range max(len(got.Paths), len(paths)) {
		if n >= len(got.Paths) || n >= len(paths) {
			differs("paths", len(got.Paths), len(paths))
			break
		}
		name := fmt.Sprint(paths[n]["_path"])
		for _, key := range slices.Sorted(maps.Keys(unionKeys(got.Paths[n], paths[n]))) {
			if key == "sha256_in_prefix" && paths[n][key] == nil {
				continue // we state it for all files
			}
			differs(name+": "+key, got.Paths[n][key], paths[n][key])
		}
	}
	return found
}

func unionKeys(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
