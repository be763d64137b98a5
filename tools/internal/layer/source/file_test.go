package source

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

func TestExecutable(t *testing.T) {
	pad := strings.Repeat("\x00", 64)
	for start, want := range map[string]bool{
		"":                                 false,
		"#":                                false,
		"#!":                               true,
		"#!/bin/sh\n":                      true,
		" #!/bin/sh\n":                     false,
		"\x7fELF" + pad:                    true,
		"\x7fELF":                          false, // too short for a header
		"\xfe\xed\xfa\xce" + pad:           true,
		"\xfe\xed\xfa\xcf" + pad:           true,
		"\xce\xfa\xed\xfe" + pad:           true,
		"\xcf\xfa\xed\xfe" + pad:           true,
		"\xca\xfe\xba\xbf" + pad:           true,
		"\xca\xfe\xba\xbe\x00\x00\x00\x02": true,
		"\xca\xfe\xba\xbe\x00\x00\x00\x2d": false, // Java 1.1
		"\xca\xfe\xba\xbe\x00\x03\x00\x2d": false, // Java 1.0.2
		"MZ" + pad:                         true,
		"MZ is a text":                     false,
		"PK\x03\x04" + pad:                 false,
		"!<arch>\n" + pad:                  false,
	} {
		if got := Executable([]byte(start)); got != want {
			t.Errorf("Executable(%.12q) = %v, want %v", start, got, want)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	disk(t, dir, map[string]string{"f": "hello"})
	r, size, err := File(filepath.Join(dir, "f")).Open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if string(data) != "hello" || size != 5 || err != nil || r.Close() != nil {
		t.Errorf("%q, size %d, %v", data, size, err)
	}
	if _, _, err := File(dir).Open(); err == nil || err.Error() != dir+": no longer a regular file" {
		t.Errorf("a directory: %v", err)
	}
	if _, _, err := File(filepath.Join(dir, "gone")).Open(); !os.IsNotExist(err) {
		t.Errorf("a file that vanished: %v", err)
	}
}

// content is a content in memory; its reader fails with err, if any, at its end.
type content struct {
	text string
	err  error
}

func (c content) Open() (io.ReadCloser, int64, error) {
	r := io.Reader(strings.NewReader(c.text))
	if c.err != nil {
		r = io.MultiReader(r, errReader{c.err})
	}
	return io.NopCloser(r), int64(len(c.text)), nil
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestSame(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for _, c := range []struct {
		a, b tree.Content
		want bool
	}{
		{nil, nil, true},
		{nil, content{}, true},
		{content{text: "x"}, nil, false},
		{content{text: "abc"}, content{text: "abc"}, true},
		{content{text: "abc"}, content{text: "abd"}, false},
		{content{text: "abc"}, content{text: "ab"}, false},
		{content{text: long}, content{text: long}, true},
		{content{text: long + "a"}, content{text: long + "a"}, true},
		{content{text: long + "a"}, content{text: long + "b"}, false},
	} {
		if got, err := Same(c.a, c.b); got != c.want || err != nil {
			t.Errorf("Same(%.9v, %.9v) = %v, %v; want %v", c.a, c.b, got, err, c.want)
		}
	}
	broken := errors.New("broken")
	for _, pair := range [][2]tree.Content{
		{content{"abc", broken}, content{text: "abc"}},
		{content{text: "abc"}, content{"abc", broken}},
	} {
		if _, err := Same(pair[0], pair[1]); err != broken {
			t.Errorf("got %v, want the reader's error", err)
		}
	}
	if _, err := Same(File("gone"), nil); !os.IsNotExist(err) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
