package rawtar

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// sample returns a tar with everything that a layer may contain, as archive/tar writes it.
func sample(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: longName, Typeflag: tar.TypeReg, Size: 700, Uid: 1 << 30, ModTime: time.Unix(1<<34, 0)},
		{Name: "hard", Linkname: "dir/ü", Typeflag: tar.TypeLink},
		{Name: "soft", Linkname: strings.Repeat("t", 200), Typeflag: tar.TypeSymlink, ModTime: time.Unix(-5, 0)},
		{Name: "xattr", Typeflag: tar.TypeReg, Size: 512, PAXRecords: map[string]string{"SCHILY.xattr.user.a": "b=c\n"}},
	} {
		h.Format = tar.FormatPAX
		if h.ModTime.IsZero() {
			h.ModTime = time.Unix(0, 0)
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(bytes.Repeat([]byte("c"), int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var longName = "dir/" + strings.Repeat("long/", 60) + "file"

// read returns all entries and all problems.
func read(r io.Reader) (headers []Header, problems []string, err error) {
	tr := NewReader(r, func(entry, rule, text string) {
		problems = append(problems, fmt.Sprintf("%s: %s: %s", entry, rule, text))
	})
	for {
		h, err := tr.Next()
		if err != nil {
			return headers, problems, err
		}
		headers = append(headers, h)
	}
}

func TestReader(t *testing.T) {
	want := []Header{
		{Name: "dir/", Type: TypeDir, Mode: 0o1777},
		{Name: longName, Type: TypeRegular, Size: 700, ModTime: 1 << 34},
		{Name: "hard", Linkname: "dir/ü", Type: TypeHardlink},
		{Name: "soft", Linkname: strings.Repeat("t", 200), Type: TypeSymlink, ModTime: -5},
		{Name: "xattr", Type: TypeRegular, Size: 512},
	}
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":        func(r io.Reader) io.Reader { return r },
		"byte by byte": iotest.OneByteReader,
		"eager end":    iotest.DataErrReader,
	} {
		headers, problems, err := read(wrap(bytes.NewReader(sample(t))))
		if err != io.EOF || problems != nil || !reflect.DeepEqual(headers, want) {
			t.Errorf("%s: %+v\nproblems %q, %v\nwant %+v", name, headers, problems, err, want)
		}
	}
}

// TestOffset checks that Offset returns the offset of the content, and that reading content is optional.
func TestOffset(t *testing.T) {
	data := sample(t)
	tr := NewReader(bytes.NewReader(data), func(entry, rule, text string) { t.Errorf("%s: %s: %s", entry, rule, text) })
	total := int64(0)
	for i := 0; ; i++ {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		at := tr.Offset()
		content := data[at : at+h.Size]
		if i%2 == 1 {
			if content, err = io.ReadAll(tr); err != nil {
				t.Fatal(err)
			}
		}
		if string(content) != strings.Repeat("c", int(h.Size)) {
			t.Errorf("%s: the content at %d is %q", h.Name, at, content)
		}
		total += h.Size
	}
	if total != 1212 || tr.Offset() != int64(len(data)) {
		t.Errorf("%d bytes of content, %d of %d read", total, tr.Offset(), len(data))
	}
}

// TestCut cuts the tar at every offset: each cut is reported, and an error of the input is returned.
func TestCut(t *testing.T) {
	data := sample(t)
	failure := errors.New("failure")
	for n := range data {
		_, problems, err := read(bytes.NewReader(data[:n]))
		if len(problems) == 0 || err != io.EOF && err != ErrBroken {
			t.Errorf("cut at %d: problems %q, %v", n, problems, err)
		}
		_, problems, err = read(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(failure)))
		if len(problems) != 0 || err != failure {
			t.Errorf("failure at %d: problems %q, %v", n, problems, err)
		}
	}
}

// FuzzReader reads arbitrary blocks with correct checksums. archive/tar must read an input without problems identically.
func FuzzReader(f *testing.F) {
	f.Add(sample(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		for at := 0; at+blockSize <= len(data); at += blockSize {
			b := (*block)(data[at : at+blockSize])
			if string(b[257:262]) == "ustar" {
				copy(b.checksum(), fmt.Sprintf("%06o\x00 ", b.sum()))
			}
		}
		headers, problems, err := read(bytes.NewReader(data))
		if err != io.EOF && err != ErrBroken || err == ErrBroken && problems == nil {
			t.Fatalf("problems %q, %v", problems, err)
		}
		if problems != nil {
			return
		}
		tr := tar.NewReader(bytes.NewReader(data))
		for _, h := range headers {
			std, err := tr.Next()
			if err != nil {
				t.Fatalf("archive/tar: %v instead of %+v", err, h)
			}
			if std.Name != h.Name || std.Linkname != h.Linkname || std.Size != h.Size {
				t.Fatalf("archive/tar: %+v instead of %+v", std, h)
			}
		}
		if _, err := tr.Next(); err != io.EOF {
			t.Fatalf("archive/tar: %v at the end", err)
		}
	})
}
