package deb

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// tarOf makes a tar of files (NAME, TEXT, NAME, TEXT, ...); a name that ends in "/" is a directory, and the text "-> TARGET"
// makes a symlink.
func tarOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for pair := range slices.Chunk(files, 2) {
		h := tar.Header{Name: pair[0], Mode: 0o755, Typeflag: tar.TypeReg, Size: int64(len(pair[1]))}
		if strings.HasSuffix(pair[0], "/") {
			h.Typeflag = tar.TypeDir
		}
		if target, ok := strings.CutPrefix(pair[1], "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, pair[1] = tar.TypeSymlink, target, 0, ""
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, data string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(data), nil))
}

// arOf makes an ar archive of members (NAME, TEXT, ...).
func arOf(members ...string) string {
	var b strings.Builder
	b.WriteString(arMagic)
	for pair := range slices.Chunk(members, 2) {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", pair[0], 0, 0, 0, "100644", len(pair[1]), pair[1])
		if len(pair[1])%2 == 1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

const control = "Package: tool\nVersion: 1-2\n# comment\nArchitecture: all\nDescription: x\n more\n .\n and more\n"

// packageOf makes a package with the files of its two archives.
func packageOf(t testing.TB, controls, data []string) string {
	t.Helper()
	return arOf("debian-binary", "2.0\n", "control.tar.zst", zst(t, tarOf(t, controls...)), "data.tar", tarOf(t, data...))
}

// list returns a line for each entry of the package, followed by the content of those that are not from data.tar.
func list(t testing.TB, data string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "tool.deb")
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), path, dir)
	if err == nil {
		defer p.Close()
		var entries []*tree.Entry
		if entries, err = p.Read(); err == nil {
			return lines(t, entries), nil
		}
	}
	return "", fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, "DEB"))
}

func lines(t testing.TB, entries []*tree.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		if !e.Follow {
			t.Errorf("%s does not follow symlinks", e.Path)
		}
		fmt.Fprintf(&b, "%s %s %04o\n", e.Kind, e.Path, e.Mode.Bits())
		if e.Content != nil && strings.HasPrefix(e.Path, statusDir) {
			r, size, err := e.Content.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil || int64(len(text)) != size {
				t.Fatalf("%d of %d bytes, %v", len(text), size, err)
			}
			fmt.Fprintf(&b, "%s--\n", text)
		}
	}
	return b.String()
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"everything", packageOf(t, []string{
			"./", "", "./control", "\n" + control + "\n", "./md5sums", "0123  usr/bin/tool\n", "./postinst", "#!/bin/sh\n",
			"./preinst", "", "./triggers", "", "./conffiles", "/etc/tool\n\nremove-on-upgrade /etc/old\n/etc/empty\n",
		}, []string{"./", "", "./usr/bin/tool", "x", "./etc/tool", "setting\n", "./etc/empty", ""}), `
file /usr/bin/tool 0755
file /etc/tool 0755
file /etc/empty 0755
file /var/lib/dpkg/status.d/tool 0644
Package: tool
Status: install ok installed
Version: 1-2
Architecture: all
Description: x
 more
 .
 and more
Conffiles:
 /etc/tool 2c1d4f59f062ce424618f4d25961fb76
 /etc/empty d41d8cd98f00b204e9800998ecf8427e
X-Scripts-Not-Run: preinst postinst
--
file /var/lib/dpkg/status.d/tool.md5sums 0644
0123  usr/bin/tool
--
`},
		{"configuration files that are not files", packageOf(t, []string{"control", "Package: aa\n", "conffiles",
			"/etc/gone\n/etc/d\n/etc/l\n/usr/f\n/etc/up\n/etc/two\n/etc/away\n/etc/round\n/etc/dir\n"}, []string{
			"./etc/d/", "", "./etc/l", "-> /usr/f", "./usr/f", "x", "./etc/up", "-> ../usr/./f", "./etc/two", "-> up",
			"./etc/away", "-> ../../../root", "./etc/round", "-> round", "./etc/dir", "-> d",
		}), `
directory /etc/d 0755
symlink /etc/l 0755
file /usr/f 0755
symlink /etc/up 0755
symlink /etc/two 0755
symlink /etc/away 0755
symlink /etc/round 0755
symlink /etc/dir 0755
file /var/lib/dpkg/status.d/aa 0644
Package: aa
Status: install ok installed
Conffiles:
 /etc/gone newconffile
 /etc/d newconffile
 /etc/l 9dd4e461268c8034f5c8564e155c67a6
 /usr/f 9dd4e461268c8034f5c8564e155c67a6
 /etc/up 9dd4e461268c8034f5c8564e155c67a6
 /etc/two 9dd4e461268c8034f5c8564e155c67a6
 /etc/away newconffile
 /etc/round newconffile
 /etc/dir newconffile
--
`},
		{"no more than needed", packageOf(t, []string{"control", "package:  a+\n", "conffiles", ""}, nil), `
file /var/lib/dpkg/status.d/a+ 0644
Package: a+
Status: install ok installed
--
`},
		{"signed", arOf("debian-binary", "2.1\nfuture\n", "_first", "x", "control.tar", tarOf(t, "control", "Package: aa"),
			"data.tar.any", tarOf(t), "_gpgorigin", "xyz"), `
file /var/lib/dpkg/status.d/aa 0644
Package: aa
Status: install ok installed
--
`},
	} {
		got, err := list(t, c.data)
		if want := strings.TrimPrefix(c.want, "\n"); got != want || err != nil {
			t.Errorf("%s: got %v\n%s\nwant\n%s", c.name, err, got, want)
		}
	}
}

// The archives may have any compression, whatever the members' names are.
func TestPackings(t *testing.T) {
	data := tarOf(t, "./usr/bin/tool", "x")
	bz2, err := os.ReadFile("testdata/data.tar.bz2")
	if err != nil {
		t.Fatal(err)
	}
	packed := map[string]string{"none": data, "bz2": string(bz2), "zst": zst(t, data)}
	var gz, x bytes.Buffer
	xw, errXZ := xz.NewWriter(&x)
	for _, w := range []io.WriteCloser{gzip.NewWriter(&gz), xw} {
		_, err := io.WriteString(w, data)
		if err := errors.Join(errXZ, err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	packed["gz"], packed["xz"] = gz.String(), x.String()
	for name, text := range packed {
		got, err := list(t, arOf("debian-binary", "2.0\n", "control.tar", tarOf(t, "control", "Package: aa"),
			"data.tar."+name, text))
		const want = "file /usr/bin/tool 0755\nfile /var/lib/dpkg/status.d/aa 0644\n" +
			"Package: aa\nStatus: install ok installed\n--\n"
		if got != want || err != nil {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, got, want)
		}
		if _, err := list(t, arOf("debian-binary", "2.0\n", "control.tar", tarOf(t, "control", "Package: aa"),
			"data.tar."+name, text[:len(text)/2])); err == nil {
			t.Errorf("%s: no error for half of data.tar", name)
		}
	}
}

// lzmaText is "hello\n", compressed by xz --format=lzma.
const lzmaText = "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff" +
	"\x00\x34\x19\x49\xee\x8d\xdd\x3d\x3a\xdf\xff\xff\xdd\x12\x00\x00"

func TestRefused(t *testing.T) {
	good := packageOf(t, []string{"control", control}, []string{"a", "b"})
	controls := func(text string) string { return packageOf(t, []string{"control", text}, nil) }
	const noPackage = "not a Debian package: expected the members debian-binary, control.tar and data.tar"
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "not a Debian package"},
		{"not ar", "!<arch>", "not a Debian package"},
		{"no members", arMagic, noPackage},
		{"cut in a header", good[:len(arMagic)+20], "the package is truncated"},
		{"cut in a member", good[:len(good)-10], "the package is truncated"},
		{"garbage after the last member", good + "garbage", "the package is truncated"},
		{"a member larger than the package", strings.Replace(good, "4         `", "9999999999`", 1), "the package is truncated"},
		{"damage", strings.Replace(good, arEnd, "xx", 1), "damaged near byte 68: invalid header"},
		{"no size", strings.Replace(good, "4         `", "-4        `", 1),
			`member "debian-binary": the size "-4        " is not a number`},
		{"too many", arOf(slices.Repeat([]string{"_", ""}, maxMembers+1)...), "more than 100 members"},
		{"format 3", arOf("debian-binary", "3.0\n", "control.tar", "", "data.tar", ""),
			`a Debian package of format "3.", expected 2.0`},
		{"another order", arOf("debian-binary", "2.0\n", "data.tar", "", "control.tar", ""), noPackage},
		{"unknown member", arOf("debian-binary", "2.0\n", "control.tar", "", "data.tar", "", "more", ""), noPackage},
		{"lzma", arOf("debian-binary", "2.0\n", "control.tar", tarOf(t, "control", control), "data.tar.lzma", lzmaText),
			"data.tar.lzma: compressed with lzma, which has no checksum; rebuild the package with dpkg-deb --raw-extract and --build"},
		{"lzma in its name", arOf("debian-binary", "2.0\n", "control.tar", tarOf(t, "control", control), "data.tar.lzma", "]"),
			"data.tar.lzma: not a tar archive, plain or compressed with gzip, bzip2, xz or zstd"},
		{"control is not a tar", arOf("debian-binary", "2.0\n", "control.tar.gz", "xx", "data.tar", tarOf(t)),
			"control.tar.gz: not a tar archive, plain or compressed with gzip, bzip2, xz or zstd"},
		{"data out of the root", packageOf(t, []string{"control", control}, []string{"../x", ""}),
			`data.tar: entry "../x": ".." is not allowed in an image path`},
		{"a whiteout", packageOf(t, []string{"control", control}, []string{"usr/.wh.x", ""}),
			"/usr/x: a package must not contain a whiteout"},
		{"no control", packageOf(t, nil, nil), "control.tar has no file control"},
		{"empty control", controls(""), `control: "" is not a valid package name`},
		{"name out of the directory", controls("Package: ../../etc/passwd\n"),
			`control: "../../etc/passwd" is not a valid package name`},
		{"two paragraphs", controls("Package: aa\n\nPackage: bb\n"), "control: more than one paragraph"},
		{"a line of spaces", controls("Package: aa\n \t\nPackage: bb\n"), "control: more than one paragraph"},
		{"no field", controls("Package: aa\nnonsense\n"), `control: "nonsense" is not a field`},
		{"a status", controls("Package: aa\nstatus: x\n"), "control: a package must not have the field status"},
		{"a status with a space", controls("Package: aa\nStatus : x\n"), `control: "Status : x" is not a field`},
		{"no name of a field", controls("Package: aa\n: x\n"), `control: ": x" is not a field`},
		{"a field twice", controls("Package: aa\nVersion: 1\nversion: 2\n"), "control: the field version occurs twice"},
		{"two names", controls("Package: aa\nPackage: bb\n"), "control: the field Package occurs twice"},
		{"continued name", controls("Package: aa\n bb\nVersion: 1\n"), "control: the field Package has several lines"},
		{"nothing to continue", controls(" x\nPackage: aa\n"), `control: "x" is not a field`},
		{"large control", controls(strings.Repeat("x", maxControl+1)), "control has 16777217 bytes, the limit is 16777216"},
		{"conffile out of the root", packageOf(t, []string{"control", control, "conffiles", "/../x\n"}, nil),
			`conffiles: "/../x": ".." is not allowed in an image path`},
		{"conffile that is not UTF-8", packageOf(t, []string{"control", control, "conffiles", "/x\xff\n"}, nil),
			`conffiles: "/x\xff": not valid UTF-8`},
	} {
		if _, err := list(t, c.data); err == nil || err.Error() != "DEB: "+c.want {
			t.Errorf("%s: got\n%v\nwant\nDEB: %s", c.name, err, c.want)
		}
	}
	if _, err := Open(t.Context(), "testdata/none", ""); err == nil {
		t.Error("no error for a missing file")
	}
}

// For any bytes, members are inside the archive, and reading ends.
func FuzzReadAr(f *testing.F) {
	f.Add([]byte(packageOf(f, []string{"control", control}, []string{"a", "b"})))
	f.Add([]byte(arOf("a/", "x", "b", "")))
	f.Add([]byte(arMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := readAr(io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))))
		if err != nil {
			return
		}
		total := int64(len(arMagic))
		for _, m := range members {
			content, err := io.ReadAll(m)
			if err != nil || int64(len(content)) != m.Size() || m.name == "" {
				t.Errorf("%q: %d of %d bytes, %v", m.name, len(content), m.Size(), err)
			}
			total += arHeader + m.Size()
		}
		if total > int64(len(data)) {
			t.Errorf("%d bytes in an archive of %d", total, len(data))
		}
	})
}

// The title is that of the file in an archive of packages, with what the package states.
func TestTitle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "downloaded")
	if err := os.WriteFile(path, []byte(packageOf(t, []string{"./control", control}, nil)), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Open(t.Context(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Read(); err != nil || p.Title() != "tool_1-2_all.deb" {
		t.Errorf("title %q, %v", p.Title(), err)
	}
	for fields, want := range map[string]string{
		"": "tool.deb",
		"Section: x\narchitecture:amd64\nDescription: x\n Version: 3\nVERSION: 2:1:0~rc1+b1\n": "tool_amd64.deb",
		"Architecture: all\nVersion: 1:2.0~rc1+b1-3 \n":                                        "tool_2.0~rc1+b1-3_all.deb",
		"Version: a/b\nArchitecture: x y\n":                                                    "tool.deb",
	} {
		if got := titleOf("tool", fields); got != want {
			t.Errorf("%q: title %q, want %q", fields, got, want)
		}
	}
}

// A control file becomes a paragraph of whole lines that names its package, or is rejected.
func FuzzSplitParagraph(f *testing.F) {
	f.Add(control)
	f.Add("Package: a\n")
	f.Fuzz(func(t *testing.T, text string) {
		name, rest, err := splitParagraph(text)
		if err != nil {
			return
		}
		fields := regexp.MustCompile(`(?mi)^(package|status|conffiles)\s*:|^\s*$`).FindString(strings.TrimSuffix(rest, "\n"))
		if !packageName().MatchString(name) || rest != "" && (fields != "" || !strings.HasSuffix(rest, "\n")) {
			t.Errorf("%q: %q, %q", text, name, rest)
		}
	})
}
