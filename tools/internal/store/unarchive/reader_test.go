package unarchive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// save writes data to a file and returns its path.
func save(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tar")
	imagetest.WriteFile(t, path, data)
	return path
}

func TestReader(t *testing.T) {
	r, err := Open(save(t, imagetest.Tar(t,
		imagetest.File{Name: "dir/", Type: tar.TypeDir},
		imagetest.File{Name: "./a", Data: "first"},
		imagetest.File{Name: "dir//b", Data: "second"},
		imagetest.File{Name: "dir/up", Type: tar.TypeSymlink, Link: "../a"},
		imagetest.File{Name: "hard", Type: tar.TypeLink, Link: "./dir/b"},
		imagetest.File{Name: "twice", Type: tar.TypeSymlink, Link: "dir/up"},
		imagetest.File{Name: "absolute", Type: tar.TypeSymlink, Link: "/etc/passwd"},
		imagetest.File{Name: "dir/escape", Type: tar.TypeSymlink, Link: "../../etc/passwd"},
		imagetest.File{Name: "hardescape", Type: tar.TypeLink, Link: "../x"},
		imagetest.File{Name: "dangling", Type: tar.TypeSymlink, Link: "nothing"},
		imagetest.File{Name: "loop", Type: tar.TypeSymlink, Link: "loop"},
		imagetest.File{Name: "fifo", Type: tar.TypeFifo},
		imagetest.File{Name: strings.Repeat("long/", 40) + "name", Data: "pax"},
		imagetest.File{Name: "empty"},
	)), "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tests := []struct{ name, want, err string }{
		{"a", "first", ""},
		{"dir/b", "second", ""},
		{"dir/up", "first", ""},
		{"hard", "second", ""},
		{"twice", "first", ""},
		{strings.Repeat("long/", 40) + "name", "pax", ""},
		{"empty", "", ""},
		{"absolute", "", `open absolute: link to "/etc/passwd", outside the archive`},
		{"dir/escape", "", `open dir/escape: link to "../etc/passwd", outside the archive`},
		{"hardescape", "", `open hardescape: link to "../x", outside the archive`},
		{"dangling", "", "open dangling: file does not exist"},
		{"loop", "", "open loop: more than 8 links in a row"},
		{"fifo", "", "open fifo: file does not exist"},
		{"dir", "", "open dir: file does not exist"},
		{"none", "", "open none: file does not exist"},
		{"../a", "", "open ../a: invalid argument"},
		{"/a", "", "open /a: invalid argument"},
	}
	for _, test := range tests {
		got, err := fs.ReadFile(r, test.name)
		if text := errorText(err); string(got) != test.want || text != test.err {
			t.Errorf("%s: %q, %q, want %q, %q", test.name, got, text, test.want, test.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFile(t *testing.T) {
	r, err := Open(save(t, imagetest.Tar(t, imagetest.File{Name: "dir/a", Data: "0123456789"})), "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := r.Open("dir/a")
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil || info.Name() != "a" || info.Size() != 10 || !info.Mode().IsRegular() {
		t.Errorf("Stat: %v, %v", info, err)
	}
	part := make([]byte, 20)
	if n, err := f.(io.ReaderAt).ReadAt(part, 7); n != 3 || err != io.EOF || string(part[:n]) != "789" {
		t.Errorf("ReadAt: %q, %v", part[:n], err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := imagetest.Tar(t, imagetest.File{Name: "blobs/x", Data: strings.Repeat("x", 2000)})
	pack := func(c oci.Compression) []byte { return imagetest.Pack(t, c, good) }
	files := func(files ...imagetest.File) []byte { return imagetest.Tar(t, files...) }
	tests := []struct {
		name string
		data []byte
		want string // the error without the path of the file
	}{
		{"empty", nil, "not a tar archive, or an empty one"},
		{"zeros", make([]byte, 4096), "not a tar archive, or an empty one"},
		{"text", bytes.Repeat([]byte("no tar\n"), 100), "not a tar archive, or damaged after the start: " +
			"archive/tar: invalid tar header"},
		{"half a header", good[:100], "not a tar archive, or damaged after the start: unexpected EOF"},
		{"half a body", good[:1000], `not a tar archive, or damaged after "blobs/x": unexpected EOF`},
		{"half a gzip", pack(oci.Gzip)[:50], "gzip: truncated"},
		{"gzip of nothing", []byte{0x1f, 0x8b}, "gzip: truncated"},
		{"bad gzip", []byte{0x1f, 0x8b, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "gzip: damaged header"},
		{"half a zstd", pack(oci.Zstd)[:20], "zstd: truncated"},
		{"twice", files(imagetest.File{Name: "a"}, imagetest.File{Name: "./a"}), `two entries have the name "a"`},
		{"file and link", files(imagetest.File{Name: "a"}, imagetest.File{Name: "a", Type: tar.TypeSymlink, Link: "b"}),
			`two entries have the name "a"`},
		{"upwards", files(imagetest.File{Name: "a/../../b"}),
			`entry "a/../../b" is outside the archive or has an invalid name`},
		{"absolute", files(imagetest.File{Name: "/etc/passwd"}),
			`entry "/etc/passwd" is outside the archive or has an invalid name`},
		{"directory upwards", files(imagetest.File{Name: "../", Type: tar.TypeDir}),
			`entry "../" is outside the archive or has an invalid name`},
		{"sparse", paxSparse(t), `entry "s" is a sparse file, which image archives do not have`},
		{"old sparse", gnuSparse(t), `entry "s" is a sparse file, which image archives do not have`},
	}
	for _, test := range tests {
		path := save(t, test.data)
		r, err := Open(path, "")
		if want := path + ": " + test.want; err == nil || err.Error() != want {
			t.Errorf("%s: %v, error %v\nwant %s", test.name, r, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: error %v", err)
	}
	if _, err := Open(t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a directory: error %v", err)
	}
}

// paxSparse returns a tar with a file "s" of GNU's sparse format 1.0, which the standard library reads but does not
// write.
func paxSparse(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	records := map[string]string{"GNU.dparse.major": "1", "GNU.dparse.minor": "0", "GNU.dparse.realsize": "0"}
	if err := w.WriteHeader(&tar.Header{Name: "s", Size: 512, PAXRecords: records}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(append([]byte("0\n"), make([]byte, 510)...)); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("GNU.dparse"), []byte("GNU.sparse"))
}

// gnuSparse returns a tar with a file "s" of GNU's old sparse format.
func gnuSparse(t *testing.T) []byte {
	t.Helper()
	data := imagetest.Tar(t, imagetest.File{Name: "s"})
	data[156] = tar.TypeGNUSparse
	copy(data[257:], "ustar  \x00")
	repairChecksums(data)
	return data
}

// repairChecksums corrects the checksum in each block that looks like a header, so that changed headers are read.
func repairChecksums(data []byte) {
	const block = 512 // of a tar
	for ; len(data) >= block; data = data[block:] {
		if string(data[257:262]) != "ustar" {
			continue
		}
		copy(data[148:], "        ")
		sum := 0
		for _, c := range data[:block] {
			sum += int(c)
		}
		copy(data[148:], fmt.Sprintf("%06o\x00 ", sum))
	}
}

func TestUnpackLimit(t *testing.T) {
	data := imagetest.Tar(t, imagetest.File{Name: "a", Data: strings.Repeat("x", 100_000)})
	for _, compression := range []oci.Compression{oci.Gzip, oci.Zstd} {
		path := save(t, imagetest.Pack(t, compression, data))
		r, err := open(path, "", int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		want := fmt.Sprintf("%s: more than %d bytes when unpacked", path, len(data)-1)
		if _, err := open(path, "", int64(len(data))-1); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// podman load takes such archives.
func TestOpenXZ(t *testing.T) {
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(imagetest.Tar(t, imagetest.File{Name: "a", Data: "content"})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(save(t, packed.Bytes()), "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if data, err := fs.ReadFile(r, "a"); err != nil || string(data) != "content" {
		t.Errorf("read %q, %v", data, err)
	}
}

// The temporary file of a compressed archive has no name, so that nothing can be left behind.
func TestUnpackLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	path := save(t, imagetest.Pack(t, oci.Gzip, imagetest.Tar(t, imagetest.File{Name: "a"})))
	r, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	if _, err := Open(path, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a temporary directory: error %v", err)
	}
}

func TestEntryLimit(t *testing.T) {
	entries := make(map[string]entry)
	for i := range maxEntries {
		if err := add(entries, &tar.Header{Typeflag: tar.TypeReg, Name: strconv.Itoa(i)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	err := add(entries, &tar.Header{Typeflag: tar.TypeReg, Name: "more"}, 0)
	if err == nil || err.Error() != "more than 100000 entries" {
		t.Errorf("error %v", err)
	}
}

// unclosed is a file in memory.
type unclosed struct{ *bytes.Reader }

func (unclosed) Close() error { return nil }

// FuzzReader checks that any tar is rejected, or each of its entries can be read to the end.
func FuzzReader(f *testing.F) {
	f.Add(imagetest.Tar(f,
		imagetest.File{Name: "oci-layout", Data: "{}"},
		imagetest.File{Name: "l/layer.tar", Type: tar.TypeSymlink, Link: "../oci-layout"},
		imagetest.File{Name: "h", Type: tar.TypeLink, Link: "l/layer.tar"},
		imagetest.File{Name: strings.Repeat("long/", 40), Type: tar.TypeDir},
	))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		repairChecksums(data)
		entries, err := index(bytes.NewReader(data))
		if err != nil {
			return
		}
		r := Reader{unclosed{bytes.NewReader(data)}, entries}
		for name := range entries {
			f, err := r.Open(name)
			if err != nil {
				continue
			}
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, f); err != nil || n != info.Size() {
				t.Errorf("%q: read %d of %d bytes, %v", name, n, info.Size(), err)
			}
		}
	})
}
