package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 9, 2}, 3}} {
		before := slices.Clone(c.values)
		if got := median(c.values); got != c.want || !slices.Equal(before, c.values) {
			t.Errorf("%v: got %v, want %v; the values are now %v", before, got, c.want, c.values)
		}
	}
}

// The medians of both are 20, but each round was twice as slow for one: a round's values belong together.
func TestRow(t *testing.T) {
	g := Group{Results: []Result{
		{Tool: "mklayer", Samples: []Sample{{Wall: 10, CPU: 4, RSS: 2e6, Output: 1e6}, {Wall: 20}, {Wall: 30, CPU: 2}}},
		{Tool: "a | b", Samples: []Sample{{Wall: 20, CPU: 8, RSS: 3e6, Output: 1500e3}, {Wall: 40}, {Wall: 15}}},
		{Tool: floorName, Samples: []Sample{{Wall: 1}}},
		{Tool: "gone", Absent: "not installed"},
	}}
	for i, want := range []string{
		"mklayer;20.00;10.00-30.00;2.00;0;0.0;1.00x;1.00x;1.000x",
		"a | b;20.00;15.00-40.00;0.00;0;0.0;2.00x;1.00x;1.500x",
		"floor;1.00;1.00-1.00;0.00;-;0.0;0.10x;0.00x;0.000x",
		"gone;not installed;;;;;;;",
	} {
		if got := strings.Join(g.row(g.Results[i]), ";"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// What docs/internals shows is the run in docs/internals/benchmark.json. "dev/bench/run --output=docs/internals" writes that
// and the picture; the table, which it prints, goes into the page by hand.
func TestDocs(t *testing.T) {
	var text [3]string
	for i, name := range []string{"benchmark.json", "benchmark.svg", "benchmark.md"} {
		content, err := os.ReadFile("../../docs/internals/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(content)
	}
	var r Run
	if err := json.Unmarshal([]byte(text[0]), &r); err != nil {
		t.Fatal(err)
	}
	if text[1] != SVG(r) {
		t.Error("docs/internals/benchmark.svg is not the picture of docs/internals/benchmark.json")
	}
	if !strings.Contains(text[2], Table(r)) {
		t.Errorf("docs/internals/benchmark.md does not hold the table of benchmark.json, which is:\n%s", Table(r))
	}
}

func TestSVGEscapes(t *testing.T) {
	got := SVG(Run{Groups: []Group{{Name: "<&>", Results: []Result{{Tool: "x", Absent: "<"}}}}})
	if !strings.Contains(got, "&lt;&amp;&gt;") || strings.Contains(got, "<&") {
		t.Errorf("got %s", got)
	}
}

// layer writes a layer with a directory, a link, and files, each of which holds its name but for the path.
func layer(t *testing.T, prefix string, pack bool, files ...string) string {
	t.Helper()
	var plain, packed bytes.Buffer
	w := tar.NewWriter(&plain)
	headers := []tar.Header{{Typeflag: tar.TypeDir, Name: prefix + "d/", Mode: int64(len(prefix))},
		{Typeflag: tar.TypeSymlink, Name: prefix + "d/l", Linkname: "x"}}
	if prefix != "" {
		headers = append(headers, tar.Header{Typeflag: tar.TypeDir, Name: prefix})
	}
	for _, name := range files {
		headers = append(headers, tar.Header{Typeflag: tar.TypeReg, Name: prefix + name, Size: int64(len(path.Base(name)))})
	}
	for _, h := range headers {
		err := w.WriteHeader(&h)
		if _, errWrite := io.WriteString(w, path.Base(h.Name)[:h.Size]); err != nil || errWrite != nil {
			t.Fatal(err, errWrite)
		}
	}
	errTar := w.Close()
	z := gzip.NewWriter(&packed)
	z.Write(plain.Bytes())
	if err := errors.Join(errTar, z.Close()); err != nil {
		t.Fatal(err)
	}
	out := plain.Bytes()
	if pack {
		out = packed.Bytes()
	}
	file := filepath.Join(t.TempDir(), "layer")
	if err := os.WriteFile(file, out, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestListing(t *testing.T) {
	want, err := readListing(layer(t, "", false, "d/one", "d/two"))
	if err != nil || len(want) != 4 {
		t.Fatalf("got %v, %v", want, err)
	}
	for _, c := range []struct {
		layer, want string
	}{
		{layer(t, "./", true, "d/two", "d/one"), "<nil>"},
		{layer(t, "./", false, "d/two", "d/one", "d/three"), `/d/three: mklayer has ""`},
		{layer(t, "", true, "d/two"), "/d/one: mklayer has "},
		{layer(t, "", true, "d/one", "d/one"), "/d/one is there twice"},
	} {
		got, err := readListing(c.layer)
		if err == nil {
			err = difference(want, got)
		}
		if !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	changed := maps.Clone(want)
	changed["/d/two"] = strings.Replace(want["/d/two"], " 3 ", " 4 ", 1)
	if err := difference(want, changed); err == nil || !strings.Contains(err.Error(), "/d/two: mklayer has ") {
		t.Errorf("another size: got %v", err)
	}
}

// The floor does the work: what it packs, piece by piece, is the data.
func TestFloorPacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(writeFile(path, 1, 3), os.Truncate(path, 5*floorBlock/2)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for codec, unpacker := range map[string]func(io.Reader) io.Reader{
		"gzip": func(r io.Reader) io.Reader { return flate.NewReader(r) },
		"zstd": func(r io.Reader) io.Reader { z, _ := zstd.NewReader(r); return z },
	} {
		var packed bytes.Buffer
		pack := packer(codec, 3)
		for begin := 0; begin < len(data); begin += floorBlock {
			packed.Write(pack(data, begin, min(begin+floorBlock, len(data))))
		}
		got := make([]byte, len(data))
		if _, err := io.ReadFull(unpacker(&packed), got); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: what was packed is not the data: %v", codec, err)
		}
		if s := floor(codec, "3", path); s.Output >= int64(len(data)) || s.Output == 0 || s.Wall <= 0 {
			t.Errorf("%s: got %+v for %d bytes", codec, s, len(data))
		}
	}
}

// Runs on different machines are about the same bytes. The digests are those of the first run of this test.
func TestInputs(t *testing.T) {
	b := bench{work: t.TempDir(), small: true}
	for name, want := range map[string]string{"file": "fb389c8ede23f966", "large": "37ecbc801bf3b7aa", "tiny": "b53420a57f59c21f"} {
		sum := sha256.New()
		dir, err := b.input(name)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.input(name)
		if err != nil || dir != again {
			t.Errorf("%s: got %s and then %s, %v", name, dir, again, err)
		}
		err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(filepath.Join(dir, name))
			fmt.Fprintf(sum, "%s %d %s\n", name, len(content), content)
			return err
		})
		if got := fmt.Sprintf("%x", sum.Sum(nil)[:8]); got != want || err != nil {
			t.Errorf("%s: got %s, want %s, %v", name, got, want, err)
		}
	}
}

// A change is one of the bytes of one file, each of another, and can be taken back.
func TestChange(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("12"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"b", "c", "d"} {
		path := filepath.Join(dir, name)
		c, err := newChange(dir, i+1)
		if err != nil {
			t.Fatal(err)
		}
		err = c.do()
		changed, errRead := os.ReadFile(path)
		if err != nil || errRead != nil || string(changed) != "1a change of a few bytes2" {
			t.Errorf("%s: %q, %v, %v", name, changed, err, errRead)
		}
		err = c.undo()
		if restored, errRead := os.ReadFile(path); err != nil || errRead != nil || string(restored) != "12" {
			t.Errorf("%s: restored: %q, %v, %v", name, restored, err, errRead)
		}
	}
	if _, err := newChange(t.TempDir(), 1); err == nil {
		t.Error("an empty directory: no error")
	}
}
