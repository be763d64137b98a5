package scan

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"maps"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
)

// pack makes a tar of entries without content.
func pack(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	data := pack(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o700},
		tar.Header{Typeflag: tar.TypeDir, Name: "./tmp/", Mode: 0o41777},
		tar.Header{Typeflag: tar.TypeDir, Name: "home/app", Mode: 0o700, Uid: 1000, Gid: 1001},
		tar.Header{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0o755},
		tar.Header{Typeflag: tar.TypeReg, Name: "usr/bin/busybox", Mode: 0o755},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/bin/sh", Linkname: "busybox"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "lib", Linkname: "usr/lib"},
		tar.Header{Typeflag: tar.TypeReg, Name: "opt/.wh.old"},
		tar.Header{Typeflag: tar.TypeReg, Name: "var/cache/.wh..wh..opq"},
		tar.Header{Typeflag: tar.TypeReg, Name: ".wh..wh.plnk"},
		tar.Header{Typeflag: tar.TypeDir, Name: "../out/", Mode: 0o700},
		tar.Header{Typeflag: tar.TypeLink, Name: "sh", Linkname: "nowhere/in/this/layer"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "srv", Linkname: "mnt"},
		tar.Header{Typeflag: tar.TypeDir, Name: "srv", Mode: 0o750},
	)
	want := `{"version":1,"removed":["/opt/old"],"emptied":["/var/cache"],"symlinks":{"/lib":"usr/lib"},` +
		`"dirs":{"/":{"mode":"0700"},"/home/app":{"mode":"0700","uid":1000,"gid":1001},"/srv":{"mode":"0750"},` +
		`"/tmp":{"mode":"1777"},"/usr":{"mode":"0755"}},"programs":{"/usr/bin/busybox":"","/usr/bin/sh":""}}` + "\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{data, packed.Bytes()} {
		s, err := Archive(t.Context(), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, s); got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	}
	for _, data := range [][]byte{data[:700], packed.Bytes()[:50], []byte("no archive")} {
		if s, err := Archive(t.Context(), bytes.NewReader(data), int64(len(data))); err == nil {
			t.Errorf("%d bytes: %+v, want an error", len(data), s)
		}
	}
}

// The memory for the entries of an untrusted layer is bounded.
func TestArchiveBounds(t *testing.T) {
	var headers []tar.Header
	for range 100 {
		headers = append(headers, tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: strings.Repeat("x", 1000)})
	}
	data := pack(t, headers...)
	if s, err := archive(t.Context(), bytes.NewReader(data), int64(len(data)), 100_000); err != errTooMany {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := archive(t.Context(), bytes.NewReader(data), int64(len(data)), 200_000); err != nil {
		t.Error(err)
	}
}

// Programs are files that may be executed, the last entry for a path wins, and whiteouts are not programs.
func TestProgramsOfArchive(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		header  tar.Header
		content string
	}{
		{tar.Header{Name: "bin/sh", Mode: 0o755}, "#!/bin/busybox sh\n"},
		{tar.Header{Name: "bin/bash", Typeflag: tar.TypeLink, Linkname: "bin/sh"}, ""},
		{tar.Header{Name: "bin/dash", Typeflag: tar.TypeLink, Linkname: "bin/none"}, ""},
		{tar.Header{Name: "text", Mode: 0o644}, "#!/bin/sh\n"},
		{tar.Header{Name: "twice", Mode: 0o755}, "#!/bin/sh\n"},
		{tar.Header{Name: "twice", Mode: 0o644}, "#!/bin/sh\n"},
		{tar.Header{Name: ".wh.gone", Mode: 0o755}, ""},
		{tar.Header{Name: "last", Mode: 0o755}, "a program of another kind"},
	} {
		f.header.Size = int64(len(f.content))
		if err := w.WriteHeader(&f.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Archive(t.Context(), &b, int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]shape.Program{"/bin/sh": "/bin/busybox sh", "/bin/bash": "/bin/busybox sh", "/last": ""}
	if !maps.Equal(s.Programs, want) {
		t.Errorf("got %v, want %v", s.Programs, want)
	}
}

// The names of users and groups come from the last file for the path.
func TestArchiveAccounts(t *testing.T) {
	file := func(name, text string) (tar.Header, string) {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}, text
	}
	scanned := func(add func(w *tar.Writer, put func(tar.Header, string))) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		add(w, func(h tar.Header, text string) {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		s, err := Archive(t.Context(), &b, int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		return text(t, s)
	}
	for want, add := range map[string]func(w *tar.Writer, put func(tar.Header, string)){
		`{"version":1,"users":{"a":5},"groups":{}}`: func(_ *tar.Writer, put func(tar.Header, string)) {
			put(file("etc/passwd", "old:x:1:1:::\n"))
			put(file("./etc/passwd", "a:x:5:5::/:\n"))
			put(file("etc/group", ""))
		},
		`{"version":1,"unread":["/etc/passwd"]}`: func(_ *tar.Writer, put func(tar.Header, string)) {
			put(file("etc/passwd", "old:x:1:1:::\n"))
			put(tar.Header{Typeflag: tar.TypeSymlink, Name: "etc/passwd", Linkname: "../run/passwd"}, "")
		},
	} {
		if got := scanned(add); !strings.Contains(got, strings.TrimSuffix(strings.TrimPrefix(want, `{"version":1,`), "}")) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// text returns the encoding of a shape.
func text(t *testing.T, s *shape.Shape) string {
	t.Helper()
	data, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
