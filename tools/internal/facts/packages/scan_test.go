package packages

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// archive makes a zip of members (NAME, TEXT, ...), compressed unless their names end in ".jar".
func archive(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		h := &zip.FileHeader{Name: members[i], Method: zip.Deflate}
		if strings.HasSuffix(h.Name, ".jar") {
			h.Method = zip.Store
		}
		m, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(m, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// describe returns a line for each package, and the other facts of a file.
func describe(files []File) string {
	var lines []string
	for _, f := range files {
		for _, p := range f.Packages {
			line := p.PURL(nil)
			for _, license := range p.Licenses {
				line += " [" + license + "]"
			}
			if p.Supplier != "" {
				line += " by " + p.Supplier
			}
			lines = append(lines, line)
		}
		if f.Release != nil {
			lines = append(lines, fmt.Sprintf("release %s %s", f.Release.ID, f.Release.VersionID))
		}
		if f.Licenses != nil {
			lines = append(lines, strings.Join(f.Licenses, ", "))
		}
		if f.Problem != "" {
			lines = append(lines, "problem: "+f.Problem)
		}
	}
	return strings.Join(lines, "\n")
}

const pom = "META-INF/maven/org.example/lib/pom.properties"

func TestScan(t *testing.T) {
	inner := archive(t, pom, "#Generated\ngroupId=org.example\nartifactId = lib\nversion=1.0\n")
	for _, c := range []struct{ name, path, text, want string }{
		{"dpkg", "/var/lib/dpkg/status", `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 1:2.36-9+b1
Maintainer: GNU Libc <libc@example.org>
Description: a
 b: c
 .

Package: gone
Status: deinstall ok config-files
Version: 1

Package: tool
Status: install ok unpacked
Version: 2
`, `pkg:deb/debian/libc6@1%3A2.36-9%2Bb1?arch=amd64&upstream=glibc%402.36-9 by GNU Libc <libc@example.org>
pkg:deb/debian/tool@2`},
		{"dpkg, one paragraph", "/var/lib/dpkg/status.d/base", "Package: base\nVersion: 1\n", "pkg:deb/debian/base@1"},
		{"dpkg, sums", "/var/lib/dpkg/status.d/base.md5sums", "Package: base\n", ""},
		{"dpkg, not fields", "/var/lib/dpkg/status", "Package: base\n\nnonsense\n", "pkg:deb/debian/base\nproblem: the line \"nonsense\" is not a field"},
		{"apk", "/lib/apk/db/installed", "C:Q1\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nm:A <a@b.c>\nF:lib\nR:x\n\nP:libcrypto3\nV:3.1\no:openssl\n",
			"pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64 [MIT] by A <a@b.c>\npkg:apk/alpine/libcrypto3@3.1?upstream=openssl"},
		{"os-release", "/etc/os-release", "# a\nNAME=\"X Y\"\nID=debian\nVERSION_ID=\"12\"\n", "release debian 12"},
		{"copyright", "/usr/share/doc/tool/copyright", "Format: https://www.debian.org/doc/x\n\nFiles: *\nLicense: GPL-2+\n Text:\n .\n more\n\nLicense: Expat\n",
			"Expat, GPL-2+"},
		{"copyright, prose", "/usr/share/doc/tool/copyright", "This is\n\nLicense: GPL\n", ""},
		{"python", "/usr/lib/python3/site-packages/Foo_Bar-1.dist-info/METADATA",
			"Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\nLicense: BSD-3-Clause\nClassifier: License :: OSI Approved :: MIT License\n\nName: body\n",
			"pkg:pypi/foo-bar@1.0 [BSD-3-Clause]"},
		{"python, classifiers", "/x/foo-1.egg-info/PKG-INFO", "Name: foo\r\nVersion: 1\r\nLicense: UNKNOWN\r\nClassifier: License :: OSI Approved :: MIT License\r\n",
			"pkg:pypi/foo@1 [MIT License]"},
		{"python, expression", "/x/foo-1.egg-info", "Name: foo\nVersion: 1\nLicense: x\nLicense-Expression: MIT OR ISC\n", "pkg:pypi/foo@1 [MIT OR ISC]"},
		{"npm", "/app/node_modules/@scope/lib/package.json", `{"name":"@scope/lib","version":"1.0.0","license":"MIT"}`, "pkg:npm/%40scope/lib@1.0.0 [MIT]"},
		{"npm, old license", "/node_modules/lib/package.json", `{"name":"lib","version":"1","licenses":[{"type":"ISC"},{"type":"MIT"}]}`,
			"pkg:npm/lib@1 [ISC] [MIT]"},
		{"npm, a directory's settings", "/node_modules/lib/package.json", `{"type":"module"}`, ""},
		{"npm, inside of a package", "/node_modules/lib/test/package.json", `{"name":"test","version":"1"}`, ""},
		{"npm, damaged", "/node_modules/lib/package.json", `{"name":`, "problem: invalid JSON: unexpected EOF"},
		{"conda", "/opt/env/conda-meta/zlib-1.json",
			`{"name":"zlib","version":"1.3","build":"h1","channel":"https://conda.example.com/conda-forge/linux-64","subdir":"linux-64","fn":"zlib-1.conda","license":"Zlib"}`,
			"pkg:conda/zlib@1.3?build=h1&channel=conda-forge&subdir=linux-64&type=conda [Zlib]"},
		{"jar", "/app/lib.jar", inner, "pkg:maven/org.example/lib@1.0"},
		{"jar in a jar", "/app/app.war", archive(t, "WEB-INF/lib/a.jar", inner, "b.txt", "x"), "pkg:maven/org.example/lib@1.0"},
		{"jars nested too deeply", "/app/app.jar", archive(t, "a.jar", archive(t, "b.jar", archive(t, "c.jar", inner))), ""},
		{"jar without metadata", "/app/a.jar", archive(t, "A.class", "x"), ""},
		{"jar, damaged", "/app/a.jar", inner[:len(inner)-1], "problem: not a jar, or a damaged one"},
		{"rpm", "/var/lib/rpm/rpmdb.sqlite", "x", "problem: an RPM database, whose packages are not read"},
		{"long field", "/var/lib/dpkg/status", "Package: " + strings.Repeat("x", maxField+1) + "\n", "problem: a field of more than 4096 bytes"},
		{"other file", "/etc/passwd", "x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Scanner{Scratch: t.TempDir()}
			if err := s.Add(c.path, int64(len(c.text)), iotest.OneByteReader(strings.NewReader(c.text))); err != nil {
				t.Fatal(err)
			}
			if got := describe(s.Files()); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if left, _ := filepath.Glob(s.Scratch + "/*"); len(left) > 0 {
				t.Errorf("temporary files are left: %s", left)
			}
		})
	}
}

func TestScanFails(t *testing.T) {
	broken := errors.New("broken")
	for _, path := range []string{"/var/lib/dpkg/status", "/a.jar", "/node_modules/a/package.json"} {
		var s Scanner
		if err := s.Add(path, 1, iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", path, err, broken)
		}
	}
	s := Scanner{Scratch: filepath.Join(t.TempDir(), "none")}
	if err := s.Add("/a.jar", 1, strings.NewReader("x")); err == nil {
		t.Error("a jar without a place for it is no error")
	}
}

func TestBounds(t *testing.T) {
	const database = "/var/lib/dpkg/status"
	many := strings.Repeat("Package: aa\n\n", maxPackages+1)
	var s Scanner
	if err := s.Add(database, int64(len(many)), strings.NewReader(many)); err != nil {
		t.Fatal(err)
	}
	if problem := s.Files()[0].Problem; problem != "more than 100000 packages" {
		t.Errorf("problem %q", problem)
	}
	if err := s.Add(database+".d/x", 1, strings.NewReader("Package: bb\n")); err == nil || !strings.Contains(err.Error(), "more than 100000 packages in one layer") {
		t.Errorf("one package more: %v", err)
	}
	s = Scanner{files: make([]File, maxFiles)}
	if err := s.Add(database, 1, strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "more than 200000 files") {
		t.Errorf("one file more: %v", err)
	}
}

// The last of several entries at a path is what the layer has.
func TestFiles(t *testing.T) {
	var s Scanner
	for _, f := range [][2]string{{"/var/lib/dpkg/status", "Package: aa\n"}, {"/etc/os-release", "ID=x\n"}, {"/var/lib/dpkg/status", "Package: bb\n"}} {
		if err := s.Add(f[0], 1, strings.NewReader(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := describe(s.Files()), "release x \npkg:deb/debian/bb"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzScan(f *testing.F) {
	paths := []string{
		"/var/lib/dpkg/status", "/lib/apk/db/installed", "/etc/os-release", "/usr/share/doc/a/copyright", "/a.dist-info/METADATA",
		"/node_modules/a/package.json", "/conda-meta/a.json", "/a.jar",
	}
	f.Add([]byte("Package: a\nVersion: 1\nLicense: b\n c\n\nName: x\nVersion: 2\n"))
	f.Add([]byte("P:a\nV:1\n\nID=\"x\"\n"))
	f.Add([]byte(`{"name":"a","version":"1","license":{"type":"MIT"},"channel":"https://a/b"}`))
	f.Add([]byte(archive(f, pom, "groupId=a\nartifactId=b\nversion=c", "b.jar", archive(f, "x", "y"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := Scanner{Scratch: t.TempDir()}
		for _, path := range paths {
			if err := s.Add(path, int64(len(data)), bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
		}
		layer := Layer{Digest: sum, DiffID: sum, Files: s.Files()}
		path := filepath.Join(t.TempDir(), "packages")
		if err := Write(path, []Layer{layer}); err != nil {
			t.Fatal(err)
		}
		back, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if want, got := describe(layer.Files), describe(back[0].Files); got != want {
			t.Errorf("read\n%s\nwant\n%s", got, want)
		}
		for _, file := range layer.Files {
			for _, p := range file.Packages {
				parsed, err := ParsePURL(p.PURL(nil))
				if err != nil && len(p.PURL(nil)) <= maxField {
					t.Fatal(err)
				}
				if err == nil && !reflect.DeepEqual(parsed.Name, p.Name) {
					t.Errorf("%s: the name is %q, want %q", p.PURL(nil), parsed.Name, p.Name)
				}
			}
		}
	})
}
