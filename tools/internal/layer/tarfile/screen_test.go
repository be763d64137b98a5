package tarfile

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// record returns an archive of the file "a" of one byte, with a record that archive/tar would not write. Key and value
// must have as many bytes together as those that they replace: twelve.
func record(t testing.TB, text string) []byte {
	t.Helper()
	data := archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg, Size: 1, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"VEND.orx": "abcd"}}, "x"})
	if len(text) != len("VEND.orx=abcd") {
		t.Fatalf("%q has %d bytes", text, len(text))
	}
	return bytes.Replace(data, []byte("VEND.orx=abcd"), []byte(text), 1)
}

// resummed returns a changed archive, with the correct checksum in its first header.
func resummed(data []byte, change func(header []byte)) []byte {
	data = slices.Clone(data)
	change(data[:512])
	copy(data[148:156], "        ")
	sum := checksum(data[:512])
	for i := range 6 {
		data[148+i] = byte('0' + sum>>(3*(5-i))&7)
	}
	data[154] = 0
	return data
}

func put(at int, text string) func([]byte) {
	return func(header []byte) { copy(header[at:], text) }
}

// Ambiguity about the positions of an archive's entries is an error, whether the archive is kept or repacked.
func TestAmbiguous(t *testing.T) {
	plain := archive(t, file("a", "x"))
	xattr := archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b"}}, ""})
	long := archive(t, item{tar.Header{Name: strings.Repeat("n/", 90), Typeflag: tar.TypeDir, Format: tar.FormatGNU}, ""})
	const differently = "the type '5' has no content, but the size is 5 bytes, which only some programs skip"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"size of a directory": {resummed(archive(t, dir("d")), put(124, "00000000005")),
			`entry "d": ` + differently},
		"size of a symlink": {resummed(archive(t, link(tar.TypeSymlink, "s", "t")), put(124, "00000000005")),
			`entry "s": ` + strings.Replace(differently, "'5'", "'2'", 1)},
		"size of a hard link": {resummed(archive(t, link(tar.TypeLink, "s", "t")), put(124, "00000000005")),
			`entry "s": ` + strings.Replace(differently, "'5'", "'1'", 1)},
		"size of a V7 directory": {resummed(plain, func(header []byte) {
			copy(header, "a/")
			copy(header[124:], "00000000005")
			header[156] = 0
			clear(header[257:])
		}), `entry "a/": ` + differently},
		"size that begins with NUL": {resummed(plain, put(124, "\x0000000000001")),
			`entry "a": the size "\x0000000000001" is not an octal number, so programs read it differently`},
		"size with a second number": {resummed(plain, put(124, "1\x000000000007")),
			`entry "a": the size "1\x000000000007" is not an octal number, so programs read it differently`},
		"file that ends with a slash": {resummed(plain, put(0, "a/")),
			`entry "a/": a file whose name ends with "/", which some programs take for a directory`},
		"empty path": {bytes.Replace(record(t, "path=12345678"), []byte("17 path=12345678\n"), []byte("8 path=\n9 q=1234\n"), 1),
			`entry "a": the record "path" in an extended header is empty, which programs read differently`},
		"signed size": {record(t, "size=+0000001"), `entry "a": the size "+0000001" in an extended header is not a number`},
		"two extended headers": {append(slices.Clone(xattr[:1024]), xattr...),
			`entry "a": two extended headers for one entry, which programs read differently`},
		"two long names": {append(slices.Clone(long[:1024]), long...),
			`entry "` + strings.Repeat("n/", 90) + `": two extended headers for one entry, which programs read differently`},
		"long name and path": {slices.Concat(record(t, "path=12345678")[:1024], long),
			`entry "` + strings.Repeat("n/", 90) + `": a second path in an extended header`},
		"path and long name": {slices.Concat(long[:1024], record(t, "path=12345678")),
			`entry "` + strings.Repeat("n/", 90) + `": a second path in an extended header`},
	} {
		if _, err := read(t, c.data); err == nil || err.Error() != "a.tar: "+c.want {
			t.Errorf("%s: got\n%v\nwant\na.tar: %s", name, err, c.want)
		}
	}
}

// An archive whose entries are ambiguous is read as engines read it, but not kept.
func TestForm(t *testing.T) {
	plain := archive(t, file("a", "x"))
	gnu := archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg, Mode: 0o644, Size: 1, Format: tar.FormatGNU}, "x"})
	long := archive(t, item{tar.Header{Name: strings.Repeat("n/", 90), Typeflag: tar.TypeDir, Format: tar.FormatGNU}, ""})
	const want = "file /a 0644 0:0 \"x\"\n"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"mode that begins with NUL":  {resummed(plain, put(100, "\x00000644")), want},
		"owner with a second number": {resummed(plain, put(108, "0\x0000000")), want},
		"time that begins with NUL":  {resummed(plain, put(136, "\x000000000000")), want},
		"signed checksum": {func() []byte {
			data := archive(t, file("\u00e4", ""))
			if data[156] == 'x' {
				data = archive(t, item{tar.Header{Name: "\u00e4", Typeflag: tar.TypeReg, Mode: 0o644, Format: tar.FormatGNU}, ""})
			}
			sum := checksum(data[:512]) - 2*256
			for i := range 6 {
				data[148+i] = byte('0' + sum>>(3*(5-i))&7)
			}
			return data
		}(), "file /\u00e4 0644 0:0\n"},
		"name that only some programs read": {resummed(plain, func(header []byte) {
			copy(header[263:], "xx")
			copy(header[345:], "dir")
		}), "file /dir/a 0644 0:0 \"x\"\n"},
		"twice the same record": {bytes.Replace(record(t, "path=12345678"), []byte("17 path=12345678\n"),
			[]byte("8 q=123\n9 q=1234\n"), 1), "file /a 0000 0:0 \"x\"\n"},
		"attribute of macOS": {archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg, PAXRecords: map[string]string{
			"SCHILY.xattr.com.apple.provenance": "1", "SCHILY.xattr.user.a": "b"}}, ""}), "file /a 0000 0:0 user.a=\"b\"\n"},
		"attribute without namespace": {archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeReg,
			PAXRecords: map[string]string{"SCHILY.xattr.a": "1"}}, ""}), "file /a 0000 0:0\n"},
		"comment": {archive(t, item{tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "c"}}, ""},
			file("a", "x")), want},
		"contiguous": {resummed(plain, put(156, "7")), want},
		"unknown magic": {resummed(archive(t, item{tar.Header{Name: "a", Typeflag: tar.TypeChar, Devmajor: 1}, ""}),
			put(262, " ")), "character device /a 0000 0:0\n"},
		"unknown version":               {resummed(plain, put(263, "01")), want},
		"prefix that ends with a slash": {resummed(plain, put(345, "d/")), strings.Replace(want, "/a", "/d/a", 1)},
		"map in GNU's format":           {resummed(gnu, put(386, "00000000001")), want},
		"size in GNU's format":          {resummed(gnu, put(483, "00000000009")), want},
		"long name without an end":      {resummed(long, put(124, "00000000264")), "directory /" + strings.Repeat("n/", 89) + "n 0000 0:0\n"},
		"link in a record only":         {archive(t, link(tar.TypeSymlink, "s", "日本")), "symlink /s 0000 0:0 -> 日本\n"},
		"gnu":                           {sparse(t, "gnu"), ""},
		"pax00":                         {sparse(t, "pax00"), ""},
		"pax01":                         {sparse(t, "pax01"), ""},
		"pax10":                         {sparse(t, "pax10"), ""},
		"a file twice":                  {archive(t, file("a", ""), file("./a", "x")), want},
		"a directory twice":             {archive(t, dir("d"), file("d/a", "x"), dir("d/")), "file /d/a 0644 0:0 \"x\"\ndirectory /d 0755 0:0\n"},
		"a hard link to itself":         {archive(t, file("a", "x"), link(tar.TypeLink, "a", "a")), want},
		"a mode of a hard link": {archive(t, file("a", ""),
			item{tar.Header{Name: "b", Linkname: "a", Typeflag: tar.TypeLink, Mode: 0o600}, ""}),
			"file /a 0644 0:0 #1\nfile /b 0644 0:0 #1\n"},
		"a time of a hard link": {archive(t, file("a", ""),
			item{tar.Header{Name: "b", Linkname: "a", Typeflag: tar.TypeLink, Mode: 0o644, ModTime: time.Unix(1, 0)}, ""}),
			"file /a 0644 0:0 #1\nfile /b 0644 0:0 #1\n"},
		"an attribute of a hard link": {archive(t, file("a", ""),
			item{tar.Header{Name: "b", Linkname: "a", Typeflag: tar.TypeLink, Mode: 0o644,
				PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b"}}, ""}),
			"file /a 0644 0:0 #1\nfile /b 0644 0:0 #1\n"},
	} {
		if _, err := Check(bytes.NewReader(c.data), "a.tar"); !errors.Is(err, ErrForm) {
			t.Errorf("%s: Check returns %v", name, err)
		}
		got, err := read(t, c.data)
		if err != nil || c.want != "" && got != c.want {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
}

// The screen sees each byte once, whatever pieces the bytes come in, and reports bytes that were skipped.
func TestFeed(t *testing.T) {
	data := archive(t, file("a", strings.Repeat("x", 1000)), file(strings.Repeat("n/", 120)+"n", "y"), dir("d"))
	for _, size := range []int{1, 7, 512, 513, len(data)} {
		var s screen
		for at := 0; at < len(data); at += size {
			s.feed(data[at:min(at+size, len(data))], int64(at))
		}
		if s.err != nil || s.odd || !s.done || s.seen.name != "d" || s.ext.records != nil {
			t.Errorf("%d: %+v", size, s)
		}
	}
	var s screen
	s.feed(data[512:], 512)
	if s.err != errSkipped {
		t.Errorf("skipped: %v", s.err)
	}
	if _, err := io.ReadAll(&stream{r: bytes.NewReader(data)}); err != nil {
		t.Error(err)
	}
}
