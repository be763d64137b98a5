package tarfile

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func TestRead(t *testing.T) {
	n255, long := strings.Repeat("n", 255), strings.Repeat("d/", 150)
	for _, c := range []struct {
		name  string
		items []item
		want  string
	}{
		{"nothing", nil, ""},
		{"kinds", []item{
			dir("./"), dir("dev/"), file("./a", "data"), file("/abs//b", ""), link(tar.TypeSymlink, "l", "/../x"),
			{tar.Header{Name: "dev/null", Typeflag: tar.TypeChar, Mode: 0o666, Devmajor: 1, Devminor: 3}, ""},
			{tar.Header{Name: "dev/sda", Typeflag: tar.TypeBlock, Devmajor: 8}, ""},
			{tar.Header{Name: "pipe", Typeflag: tar.TypeFifo, Uid: 1, Gid: 2, Uname: "u", Gname: "g"}, ""},
		}, `
directory / 0755 0:0
directory /dev 0755 0:0
file /a 0644 0:0 "data"
file /abs/b 0644 0:0
symlink /l 0000 0:0 -> /../x
character device /dev/null 0666 0:0 1,3
block device /dev/sda 0000 0:0 8,0
named pipe /pipe 0000 1:2 u:g
`},
		{"records", []item{
			{tar.Header{Name: long + n255, Typeflag: tar.TypeReg, Mode: 0o4755, Uid: 1<<32 - 1, Size: 1,
				ModTime: time.Unix(1e9, 5), Format: tar.FormatPAX, PAXRecords: map[string]string{
					"SCHILY.xattr.user.a": "=\n\xff", "SCHILY.xattr.security.b": "", "VENDOR.c": "d"}}, "x"},
			file("after", "y"),
		}, `
file /` + long + n255 + ` 4755 4294967295:0 @2001-09-09T01:46:40.000000005Z security.b="" user.a="=\n\xff" "x"
file /after 0644 0:0 "y"
`},
		{"GNU's names", []item{{tar.Header{Name: long + n255, Linkname: n255, Typeflag: tar.TypeSymlink,
			Format: tar.FormatGNU}, ""}}, `
symlink /` + long + n255 + ` 0000 0:0 -> ` + n255 + `
`},
		{"hard links", []item{
			file("a", "one"), link(tar.TypeLink, "./b", "/a"), link(tar.TypeLink, "c", "b"), link(tar.TypeLink, "a", "a"),
			file("a", "two"), link(tar.TypeLink, "d", "./a"), link(tar.TypeSymlink, "s", "x"), link(tar.TypeLink, "t", "s"),
		}, `
file /b 0644 0:0 #1 "one"
file /c 0644 0:0 #1 "one"
file /a 0644 0:0 #2 "two"
file /d 0644 0:0 #2 "two"
symlink /s 0000 0:0 -> x
symlink /t 0000 0:0 -> x
`},
		{"the last one wins", []item{
			dir("a/"), file("b", "1"), dir("a"), file("b", "2"), link(tar.TypeSymlink, "b", "3"),
		}, `
directory /a 0755 0:0
symlink /b 0000 0:0 -> 3
`},
		{"whiteouts", []item{dir("a/"), file("a/.wh..wh..opq", ""), file("a/.wh.b", ""), file(".wh.c", ""), file("a/.whx", "")}, `
directory /a 0755 0:0
opaque whiteout /a 0000 0:0 @0001-01-01T00:00:00Z
whiteout /a/b 0000 0:0 @0001-01-01T00:00:00Z
whiteout /c 0000 0:0 @0001-01-01T00:00:00Z
file /a/.whx 0644 0:0
`},
		{"git archive's comment", []item{
			{tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "0123"}}, ""}, file("a", ""),
		}, "file /a 0644 0:0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := read(t, archive(t, c.items...))
			if want := strings.TrimPrefix(c.want, "\n"); got != want || err != nil {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	good := archive(t, file("a", strings.Repeat("x", 600)), file("b", ""))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a tar archive, plain or compressed with gzip, bzip2, xz or zstd"},
		{"text", []byte(strings.Repeat("text ", 200)), "not a tar archive, plain or compressed with gzip, bzip2, xz or zstd"},
		{"short", []byte("\x04\x22\x4d\x18"), "not a tar archive, plain or compressed with gzip, bzip2, xz or zstd"},
		{"cut in a content", good[:1000], "the archive is truncated"},
		{"cut in padding", good[:1200], "the archive is truncated"},
		{"cut in a header", good[:1600], "the archive is truncated"},
		{"cut after a content", good[:1536], "the archive is truncated"},
		{"cut after an entry", good[:2048], "the archive is truncated"},
		{"garbage", append(slices.Clone(good), "x"...), "data after the end of the archive"},
		{"two archives", append(slices.Clone(good), good...), "data after the end of the archive"},
		{"damage", slices.Replace(slices.Clone(good), 1540, 1541, 'x'), "damaged near byte 2048: invalid header"},
		{"out of the root", archive(t, file("a/../../b", "")), `entry "a/../../b": ".." is not allowed in an image path`},
		{"no name", archive(t, file("", "")), `entry "": the path is empty`},
		{"name of 256", archive(t, file(strings.Repeat("n", 256), "")),
			`entry "` + strings.Repeat("n", 256) + `": a name is longer than 255 bytes`},
		{"not UTF-8", archive(t, item{tar.Header{Name: "\xff", Typeflag: tar.TypeReg, Format: tar.FormatGNU}, ""}),
			`entry "\xff": not valid UTF-8`},
		{"link out of the root", archive(t, link(tar.TypeLink, "a", "../b")),
			`entry "a": hard link to "../b": ".." is not allowed in an image path`},
		{"link to nothing", archive(t, link(tar.TypeLink, "a", "b"), file("b", "")),
			`entry "a": hard link to "b", which is not an earlier file in the archive`},
		{"link to a directory", archive(t, dir("b"), link(tar.TypeLink, "a", "b")),
			`entry "a": hard link to "b", which is not an earlier file in the archive`},
		{"deletion with content", archive(t, file(".wh.a", "x")),
			`entry ".wh.a": an entry whose name starts with ".wh." must be an empty file`},
		{"deletion that is a directory", archive(t, dir("x/.wh.a")),
			`entry "x/.wh.a": an entry whose name starts with ".wh." must be an empty file`},
		{"deletion of nothing", archive(t, file(".wh.", "")), `entry ".wh.": a whiteout of an invalid name`},
		{"deletion of the parent", archive(t, file("a/.wh...", "")),
			`entry "a/.wh...": a whiteout of an invalid name`},
		{"deletion of a deletion", archive(t, file(".wh..wh.a", "")),
			`entry ".wh..wh.a": names that start with ".wh." are reserved for whiteouts`},
		{"below a deletion", archive(t, file(".wh.a/b", "")),
			`entry ".wh.a/b": names that start with ".wh." are reserved for whiteouts`},
		{"owner of 33 bits", archive(t, item{tar.Header{Name: "a", Uid: 1 << 32, Typeflag: tar.TypeReg}, ""}),
			`entry "a": the owner 4294967296:0 does not fit in 32 bits`},
		{"negative owner", archive(t, item{tar.Header{Name: "a", Gid: -1, Typeflag: tar.TypeReg}, ""}),
			`entry "a": the owner 0:-1 does not fit in 32 bits`},
		{"year 10000", archive(t, item{tar.Header{Name: "a", ModTime: time.Unix(253402300800, 0)}, ""}),
			`entry "a": the time 253402300800 is outside the years 1 to 9999`},
		{"unknown type", archive(t, item{tar.Header{Name: "a", Typeflag: 'V', Format: tar.FormatGNU}, ""}),
			`entry "a": the type 'V' is not allowed in a layer`},
		{"global header", archive(t, item{tar.Header{Typeflag: tar.TypeXGlobalHeader,
			PAXRecords: map[string]string{"mtime": "1"}}, ""}),
			`entry "GlobalHead.0.0": a global header sets mtime for all entries, which is not supported`},
		{"malformed record at the beginning", bytes.Replace(record(t, "path=12345678"), []byte("17 path"), []byte("x7 path"), 1),
			"damaged near byte 529: invalid header"},
		{"negative size", patched(t, 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"),
			`the size "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe" is not an octal number, so programs read it differently`},
		{"negative size in a record", sized(t, "-1"), `the size "-1" in an extended header is not a number`},
		{"huge size in a record", sized(t, "9223372036854775807"), "the archive is truncated"},
		{"size of 64 bits in a record", sized(t, "18446744073709551615"),
			`the size "18446744073709551615" in an extended header is not a number`},
		{"huge size", patched(t, 124, "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"), "the archive is truncated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(t, c.data)
			if err == nil || err.Error() != "a.tar: "+c.want {
				t.Errorf("got\n%v\nwant\na.tar: %s", err, c.want)
			}
		})
	}
}

// An archive that is truncated anywhere is rejected: it must end with a block of zeros after its last entry, and extended
// headers without an entry are not an end.
func TestCut(t *testing.T) {
	long := strings.Repeat("d/", 150)
	archives := map[string][]byte{
		"pax": archive(t, file("a", "x"), item{tar.Header{Name: "b", Typeflag: tar.TypeReg, Format: tar.FormatPAX,
			PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b"}}, ""}),
		"GNU": archive(t, item{tar.Header{Name: long + "n", Linkname: long, Typeflag: tar.TypeSymlink,
			Format: tar.FormatGNU}, ""}),
		"global": archive(t, item{tar.Header{Typeflag: tar.TypeXGlobalHeader,
			PAXRecords: map[string]string{"comment": "0123"}}, ""}, file("a", "")),
	}
	for _, name := range []string{"gnu", "pax00", "pax01", "pax10"} {
		data := sparse(t, name)
		archives["sparse "+name] = data[:len(bytes.TrimRight(data, "\x00"))/512*512+512+1024]
	}
	for name, data := range archives {
		if _, err := read(t, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := 0; n < len(data)-512; n += 32 {
			if got, err := read(t, data[:n]); err == nil {
				t.Errorf("%s, %d of %d bytes: no error, %q", name, n, len(data), got)
			}
		}
	}
}

// Entries that are valid on their own may still conflict.
func TestCheckTogether(t *testing.T) {
	for want, data := range map[string][]byte{
		"a.tar: /a: a symlink (from a.tar:a), but /a/b (from a.tar:a/b) needs a directory there": archive(t,
			link(tar.TypeSymlink, "a", "/etc"), file("a/b", "")),
		"a.tar: /a: two inputs with different kinds: a.tar:a and a.tar:.wh.a": archive(t, file("a", ""), file(".wh.a", "")),
		`a.tar: image path "/a" (from a.tar:a): the link target is empty`:     archive(t, link(tar.TypeSymlink, "a", "")),
	} {
		if _, err := Check(bytes.NewReader(data), "a.tar"); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tar.gz")
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(archive(t, file("a", "x")))
	w.Close()
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := a.Read()
	if err != nil || len(entries) != 1 || content(t, entries[0].Content) != `"x"` || entries[0].Origin != path+":a" {
		t.Errorf("%+v, %v", entries, err)
	}
	if err := a.Close(); err != nil || a.Close() != nil {
		t.Error(err)
	}
	for _, c := range []struct{ path, scratch, want string }{
		{dir, dir, dir + ": not a regular file"},
		{path + "x", dir, "open " + path + "x: no such file or directory"},
	} {
		if _, err := Open(t.Context(), c.path, c.scratch); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, err := Open(t.Context(), path, dir+"/none"); err == nil || !strings.HasPrefix(err.Error(), path+": open ") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, path, dir); err == nil || err.Error() != path+": context canceled" {
		t.Errorf("got %v", err)
	}
}

// Reading any bytes ends, with entries or with an error. Check returns the same error, and a Reader finds the same entries.
func FuzzRead(f *testing.F) {
	f.Add(archive(f, dir("./"), file("a", "data"), link(tar.TypeLink, "b", "a"), link(tar.TypeSymlink, "c", "/x")))
	f.Add(archive(f, file("a/.wh..wh..opq", ""), file(".wh.b", ""), file(strings.Repeat("n/", 200)+"n", "")))
	for _, name := range []string{"gnu", "pax00", "pax01", "pax10"} {
		packed, err := os.ReadFile("testdata/" + name + ".tar.gz")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
		f.Add(sparse(f, name))
	}
	scratch := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := New(t.Context(), io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), "a.tar", scratch)
		if err != nil {
			return
		}
		defer a.Close()
		if a.plain.Size() > 1<<20 {
			return
		}
		entries, err := a.Read()
		_, again := Check(io.NewSectionReader(a.plain, 0, a.plain.Size()), "a.tar")
		if err != nil && !errors.Is(again, ErrForm) && fmt.Sprint(again) != err.Error() {
			t.Fatalf("Check returns %v, Read returns %v", again, err)
		}
		total := int64(0)
		for _, e := range entries {
			if e.Content == nil {
				continue
			}
			r, size, err := e.Content.Open()
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err != nil || n != min(size, 1<<20) {
				t.Errorf("%s: %d bytes of %d, %v", e.Path, n, size, err)
			}
			r.Close()
			total += size
		}
		if err == nil && total < 1<<20 {
			plain, err := io.ReadAll(io.NewSectionReader(a.plain, 0, a.plain.Size()))
			if err != nil {
				t.Fatal(err)
			}
			compareReader(t, plain, entries, nil)
		}
	})
}
