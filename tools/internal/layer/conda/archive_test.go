package conda

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/condatest"
	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Members are found by name, in any order and in a directory; nothing else in the zip matters.
func TestArchives(t *testing.T) {
	data := mustBytes(t, condatest.Package{Files: []condatest.File{{Path: "./lib/a", Body: "a", Listed: map[string]any{"_path": "lib/a"}}}})
	members := make(map[string][]byte)
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		offset, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		members[f.Name] = data[offset:][:f.CompressedSize64]
	}
	const info, payload = "info-pkg-1.0-0.tar.zst", "pkg-pkg-1.0-0.tar.zst"
	zipped := func(files map[string][]byte) []byte {
		data, err := condatest.Zip(files)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	deflated := func() []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range []string{info, payload} {
			f, err := w.Create(name)
			if err == nil {
				_, err = f.Write(members[name])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return b.Bytes()
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"usual", data, ""},
		{"in a directory, with others", zipped(map[string][]byte{"d/" + info: members[info], "d/" + payload: members[payload], "../x": nil, "pkg-x": nil}), ""},
		{"no payload", zipped(map[string][]byte{info: members[info]}), "not a Conda package: the zip has no member pkg-*.tar.zst"},
		{"two", zipped(map[string][]byte{info: members[info], payload: members[payload], "pkg-x.tar.zst": nil}),
			"two members pkg-*: pkg-pkg-1.0-0.tar.zst and pkg-x.tar.zst"},
		{"deflated", deflated(), ""},
		{"deflated, with a small size", restate(deflated(), 1), info + ": zip: not a valid zip file"},
		{"deflated, with a huge size", restate(deflated(), math.MaxUint32-1), info + ": unexpected EOF"},
		{"something else", []byte("\x1f\x8bx"), errFormat.Error()},
		{"nothing", nil, errFormat.Error()},
		{"a damaged zip", data[:len(data)-30], "zip: not a valid zip file"},
		{"no tar", zipped(map[string][]byte{info: members[info], payload: []byte("x")}), payload + ": not a tar archive, nor one packed with gzip, bzip2, xz or zstd"},
		{"a truncated tar", zipped(map[string][]byte{info: members[info], payload: members[payload][:20]}), payload + ": zstd: it is cut off"},
	} {
		_, texts, err := installData(t, test.data, target, "https://h/c/linux-64/pkg-1.0-0.conda")
		if test.want == "" && (err != nil || texts["/opt/conda/lib/a"] != "a") {
			t.Errorf("%s: %v, %q", test.name, err, texts)
		}
		if test.want != "" && (err == nil || !strings.HasSuffix(err.Error(), "pkg: "+test.want)) {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
}

// restate changes the unpacked size that the directory of a zip states for its first member.
func restate(data []byte, size uint32) []byte {
	at := bytes.Index(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[at+24:], size)
	return data
}

// A member may not unpack to more than a tar may.
func TestMemberLimit(t *testing.T) {
	data, err := condatest.Zip(map[string][]byte{"a": nil})
	if err != nil {
		t.Fatal(err)
	}
	r := io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
	z, err := zip.NewReader(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	z.File[0].Method, z.File[0].UncompressedSize64 = zip.Deflate, 17<<30
	if _, err := new(contents).member(r, z.File[0]); !errors.Is(err, decompress.ErrLimit) {
		t.Errorf("error %v", err)
	}
	z.File[0].CompressedSize64 = 1000
	if _, err := new(contents).member(r, z.File[0]); err == nil || err.Error() != "the package is truncated" {
		t.Errorf("error %v", err)
	}
}

// FuzzInstall installs packages with arbitrary documents. What is installed stays in the prefix.
func FuzzInstall(f *testing.F) {
	f.Add(`{"name":"pkg","version":"1.0","build":"0","noarch":"python"}`, `{"paths":[{"_path":"lib/a","prefix_placeholder":"aa","file_mode":"binary"}],"paths_version":1}`,
		`{"noarch":{"type":"python","entry_points":["a=b:c"]},"package_metadata_version":1}`, "lib/a\n", "aa\x00")
	f.Add(`{"name":"pkg","version":"1.0","build":"0"}`, "", "", "lib/a\nsite-packages/b\n", "x")
	f.Fuzz(func(t *testing.T, index, paths, link, files, body string) {
		data, err := condatest.Package{Plain: true, Files: []condatest.File{{Path: "lib/a", Body: body}, {Path: "site-packages/b", Symlink: "c"}}, Info: map[string]string{
			"index.json": index, "paths.json": paths, "link.json": link, "files": files, "has_prefix": files,
		}}.Bytes()
		if err != nil {
			return
		}
		installed, _, err := installData(t, data, target, "https://h/c/linux-64/pkg-1.0-0.conda")
		if err != nil {
			return
		}
		var b tree.Builder
		for _, e := range installed.Entries {
			if clean, err := tree.Clean(e.Path); err != nil || clean != e.Path || !strings.HasPrefix(clean, "/opt/conda/") {
				t.Errorf("%q is not in the prefix", e.Path)
			}
			if err := b.Add(*e); err != nil {
				t.Errorf("%s: %v", e.Path, err)
			}
		}
	})
}

// FuzzOpen opens arbitrary archives.
func FuzzOpen(f *testing.F) {
	data, err := condatest.Package{Plain: true, Files: []condatest.File{{Path: "lib/a", Body: "a"}}}.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("BZh9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		installData(t, data, target, "https://h/c/linux-64/pkg-1.0-0.conda")
	})
}
