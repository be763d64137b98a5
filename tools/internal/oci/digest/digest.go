// Package digest computes digests while bytes are read or written, and rejects bytes that do not match their digest.
//
// The type is from opencontainers/go-digest; this package adds the one algorithm that images use, sha256, and readers
// and writers that need only one pass. Digests are defined by image-spec 1.1, "descriptor.md", section Digests.
package digest

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	godigest "github.com/opencontainers/go-digest"
)

// Digest is a digest in the form "sha256:" followed by 64 lower-case hexadecimal digits.
type Digest = godigest.Digest

// Parse checks that text is a sha256 digest in its only valid form.
func Parse(text string) (Digest, error) {
	// Checked first, because the other algorithms that Validate accepts depend on the packages linked into the program.
	if algorithm, _, ok := strings.Cut(text, ":"); ok && algorithm != string(godigest.SHA256) {
		return "", fmt.Errorf("digest %q: algorithm %q is not supported, expected sha256", text, algorithm)
	}
	d := Digest(text)
	if err := d.Validate(); err != nil {
		return "", fmt.Errorf("digest %q: %w", text, err)
	}
	return d, nil
}

// FromBytes returns the digest of data.
func FromBytes(data []byte) Digest { return godigest.SHA256.FromBytes(data) }

// Writer computes the digest and the size of the bytes written to it. Its Write never fails.
type Writer struct {
	hash hash.Hash
	size int64
}

// NewWriter returns a Writer without any bytes.
func NewWriter() *Writer { return &Writer{hash: sha256.New()} }

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.size += int64(len(p))
	return w.hash.Write(p)
}

// Digest returns the digest of the bytes written so far.
func (w *Writer) Digest() Digest { return godigest.NewDigest(godigest.SHA256, w.hash) }

// Size returns the number of bytes written so far.
func (w *Writer) Size() int64 { return w.size }

// FromReader returns the digest and the size of the bytes of r.
func FromReader(r io.Reader) (Digest, int64, error) {
	w := NewWriter()
	if _, err := io.Copy(w, r); err != nil {
		return "", 0, err
	}
	return w.Digest(), w.Size(), nil
}

// FromFile returns the digest and the size of the file at path.
func FromFile(path string) (Digest, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	return FromReader(f)
}

// MismatchError is returned when bytes do not match their digest and size.
type MismatchError struct {
	Want, Got         Digest
	WantSize, GotSize int64 // GotSize is at most WantSize+1: reading stops there
}

// Error implements error.
func (e *MismatchError) Error() string {
	switch {
	case e.GotSize > e.WantSize:
		return fmt.Sprintf("%s: content is longer than the promised %d bytes", e.Want, e.WantSize)
	case e.GotSize < e.WantSize:
		return fmt.Sprintf("%s: content ends after %d of the promised %d bytes", e.Want, e.GotSize, e.WantSize)
	}
	return fmt.Sprintf("%s: content has the digest %s", e.Want, e.Got)
}

// NewVerifier returns a reader of r that fails with a *MismatchError unless r has exactly size bytes with the digest want.
// It fails before it returns the last bytes, so that a caller never gets size bytes that are wrong. It never reads more
// than one byte beyond size.
func NewVerifier(r io.Reader, want Digest, size int64) io.Reader {
	return &verifier{r: io.LimitReader(r, size+1), seen: NewWriter(), want: want, size: size}
}

type verifier struct {
	r    io.Reader
	seen *Writer
	want Digest
	size int64
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.seen.Write(p[:n])
	ended := v.seen.Size() >= v.size || err == io.EOF
	if ended && (v.seen.Size() != v.size || v.seen.Digest() != v.want) {
		return 0, &MismatchError{Want: v.want, Got: v.seen.Digest(), WantSize: v.size, GotSize: v.seen.Size()}
	}
	return n, err
}
