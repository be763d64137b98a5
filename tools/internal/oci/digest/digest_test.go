package digest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// The digests of nothing and of "hello", as sha256sum prints them.
const (
	ofNothing = Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	ofHello   = Digest("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
)

func TestParse(t *testing.T) {
	if d, err := Parse(string(ofHello)); err != nil || d != ofHello {
		t.Errorf("%s, %v", d, err)
	}
	tests := []struct{ text, want string }{
		{"", `digest "": invalid checksum digest format`},
		{"sha256", `digest "sha256": invalid checksum digest format`},
		{"sha256:", `digest "sha256:": invalid checksum digest format`},
		{"sha256:2CF2", `digest "sha256:2CF2": invalid checksum digest length`},
		{"sha256:" + strings.Repeat("G", 64), `digest "sha256:` + strings.Repeat("G", 64) +
			`": invalid checksum digest format`},
		{"sha256:../../" + strings.Repeat("0", 58), `digest "sha256:../../` + strings.Repeat("0", 58) +
			`": invalid checksum digest format`},
		{"md5:" + strings.Repeat("0", 32), `digest "md5:` + strings.Repeat("0", 32) +
			`": algorithm "md5" is not supported, expected sha256`},
		{"sha512:" + strings.Repeat("0", 128), `digest "sha512:` + strings.Repeat("0", 128) +
			`": algorithm "sha512" is not supported, expected sha256`},
	}
	for _, test := range tests {
		if d, err := Parse(test.text); err == nil || err.Error() != test.want {
			t.Errorf("Parse(%q) = %q, %v, want error %s", test.text, d, err, test.want)
		}
	}
}

func TestCompute(t *testing.T) {
	if d := FromBytes([]byte("hello")); d != ofHello {
		t.Errorf("FromBytes: %s", d)
	}
	w := NewWriter()
	if w.Digest() != ofNothing || w.Size() != 0 {
		t.Errorf("a new Writer has %s, %d", w.Digest(), w.Size())
	}
	io.WriteString(w, "hel")
	io.WriteString(w, "lo")
	if w.Digest() != ofHello || w.Size() != 5 {
		t.Errorf("Writer: %s, %d", w.Digest(), w.Size())
	}
	d, size, err := FromReader(iotest.OneByteReader(strings.NewReader("hello")))
	if d != ofHello || size != 5 || err != nil {
		t.Errorf("FromReader: %s, %d, %v", d, size, err)
	}
	if _, _, err := FromReader(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("FromReader: error %v", err)
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if d, size, err := FromFile(path); d != ofHello || size != 5 || err != nil {
		t.Errorf("FromFile: %s, %d, %v", d, size, err)
	}
	if _, _, err := FromFile(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("FromFile: error %v", err)
	}
}

func TestVerifier(t *testing.T) {
	tests := []struct {
		content string
		digest  Digest
		size    int64
		want    *MismatchError
	}{
		{"hello", ofHello, 5, nil},
		{"", ofNothing, 0, nil},
		{"jello", ofHello, 5, &MismatchError{ofHello, FromBytes([]byte("jello")), 5, 5}},
		{"hell", ofHello, 5, &MismatchError{ofHello, FromBytes([]byte("hell")), 5, 4}},
		{"", ofHello, 5, &MismatchError{ofHello, ofNothing, 5, 0}},
		{"hello, you", ofHello, 5, &MismatchError{ofHello, FromBytes([]byte("hello,")), 5, 6}},
	}
	for _, test := range tests {
		for name, r := range map[string]io.Reader{
			"at once":       strings.NewReader(test.content),
			"byte by byte":  iotest.OneByteReader(strings.NewReader(test.content)),
			"EOF with data": iotest.DataErrReader(strings.NewReader(test.content)),
		} {
			got, err := io.ReadAll(NewVerifier(r, test.digest, test.size))
			var mismatch *MismatchError
			if test.want == nil {
				if err != nil || string(got) != test.content {
					t.Errorf("%q %s: %q, %v", test.content, name, got, err)
				}
			} else if !errors.As(err, &mismatch) || *mismatch != *test.want {
				t.Errorf("%q %s: error %v, want %v", test.content, name, err, test.want)
			}
		}
	}
	failing := io.MultiReader(strings.NewReader("he"), iotest.ErrReader(io.ErrClosedPipe))
	if _, err := io.ReadAll(NewVerifier(failing, ofHello, 5)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want the error of the source", err)
	}
}

// A caller that reads exactly the promised number of bytes, but not the end, does not get wrong ones.
func TestVerifierFailsBeforeTheLastByte(t *testing.T) {
	var got bytes.Buffer
	_, err := io.CopyN(&got, NewVerifier(strings.NewReader("jello"), ofHello, 5), 5)
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) {
		t.Errorf("got %q, error %v", got.Bytes(), err)
	}
}

func TestMismatchError(t *testing.T) {
	tests := []struct {
		err  MismatchError
		want string
	}{
		{MismatchError{ofHello, ofNothing, 5, 6}, ofHello.String() + ": content is longer than the promised 5 bytes"},
		{MismatchError{ofHello, ofNothing, 5, 4}, ofHello.String() + ": content ends after 4 of the promised 5 bytes"},
		{MismatchError{ofHello, ofNothing, 5, 5}, ofHello.String() + ": content has the digest " + ofNothing.String()},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}
