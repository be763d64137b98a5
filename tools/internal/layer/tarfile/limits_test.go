package tarfile

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// sparse returns the archive in testdata with the name, decompressed.
func sparse(t testing.TB, name string) []byte {
	t.Helper()
	packed, err := os.Open("testdata/" + name + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// The sparse files were made with GNU tar 1.34: see testdata/README.md.
func TestSparse(t *testing.T) {
	const want = "file /after 0644 0:0 \"after\\n\"\nfile /sparse 0644 0:0 (300004 bytes, 300001 zeros)\n"
	for _, name := range []string{"gnu", "pax00", "pax01", "pax10"} {
		data, err := os.ReadFile("testdata/" + name + ".tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(t, data)
		lines := slices.Sorted(strings.Lines(got))
		if strings.Join(lines, "") != want || err != nil {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// A file of more than 8 GiB does not fit into the size field of a plain header. On disk it is a hole.
func TestLargeFile(t *testing.T) {
	const size = 8<<30 + 1
	path := filepath.Join(t.TempDir(), "a.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, format := range []tar.Format{tar.FormatPAX, tar.FormatGNU} {
		if err := f.Truncate(0); err != nil {
			t.Fatal(err)
		}
		h := tar.Header{Name: "big", Typeflag: tar.TypeReg, Size: size, Format: format}
		if err := tar.NewWriter(io.NewOffsetWriter(f, 0)).WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		end, err := f.Seek(0, io.SeekEnd)
		if err == nil {
			err = f.Truncate(end + padded(size))
		}
		if err == nil {
			_, err = f.WriteAt(archive(t, file("after", "x")), end+padded(size))
		}
		if err != nil {
			t.Fatal(err)
		}
		a, err := Open(t.Context(), path, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		entries, err := a.Read()
		if err != nil || len(entries) != 2 || entries[1].Path != "/after" {
			t.Fatalf("%v: %v, %v", format, entries, err)
		}
		if _, got, err := entries[0].Content.Open(); got != size || err != nil {
			t.Errorf("%v: %d bytes, %v", format, got, err)
		}
	}
}

// Both the expanded size of a sparse file and the memory for entries are limited.
func TestLimits(t *testing.T) {
	huge, err := os.ReadFile("testdata/huge.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	const want = `a.tar: entry "huge": sparse: unpacks to too many bytes for its size`
	if _, err := read(t, huge); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	in := &stream{r: bytes.NewReader(archive(t, file("a", "")))}
	x := newIndex("a.tar", in, in)
	x.cost = maxMemory
	if _, err := x.read(); err != errTooMany {
		t.Errorf("got %v", err)
	}
}

// sized returns an archive of a file with its size in an extended header, which archive/tar would not write.
func sized(t testing.TB, size string) []byte {
	t.Helper()
	data := archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 1, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"V.me": size}}, "x"})
	return bytes.Replace(data, []byte("V.me="), []byte("size="), 1)
}

// patched returns an archive whose first header has the text at the offset, and the correct checksum.
func patched(t testing.TB, offset int, text string) []byte {
	t.Helper()
	data := archive(t, file("a", "x"))
	copy(data[offset:], text)
	copy(data[148:156], "        ")
	sum := 0
	for _, c := range data[:512] {
		sum += int(c)
	}
	copy(data[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return data
}
