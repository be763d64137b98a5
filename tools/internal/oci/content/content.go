// Package content finds blobs by their descriptors.
//
// A [Source] is any store of blobs: files of a build, an image layout, an archive, a registry. The bytes from a source are
// not trusted: [ReadAll] and [Copy] verify size and digest while they read.
package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// ErrNotFound is returned when a source does not have a blob.
var ErrNotFound = errors.New("blob not found")

// MaxDocument is the largest document that is read into memory, in bytes.
const MaxDocument = oci.MaxDocument

// Source is a store of blobs.
type Source interface {
	// Open returns the bytes of the blob that d names, unverified. It fails with an error that wraps ErrNotFound if the
	// source does not have it. The caller closes the reader.
	Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error)
}

func open(ctx context.Context, src Source, d oci.Descriptor) (io.ReadCloser, error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return nil, err
	}
	return src.Open(ctx, d)
}

// ReadAll returns the verified bytes of a document: a manifest, an index or a config of at most [MaxDocument] bytes.
func ReadAll(ctx context.Context, src Source, d oci.Descriptor) ([]byte, error) {
	if d.Size > MaxDocument {
		return nil, fmt.Errorf("%s: document of %d bytes, the limit is %d", d.Digest, d.Size, MaxDocument)
	}
	r, err := open(ctx, src, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(digest.NewVerifier(r, d.Digest, d.Size))
}

// Copy writes the verified bytes of a blob to w.
func Copy(ctx context.Context, w io.Writer, src Source, d oci.Descriptor) error {
	r, err := open(ctx, src, d)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, digest.NewVerifier(r, d.Digest, d.Size))
	return err
}

// IsElsewhere reports whether d is a layer that is not distributable, has URLs and is not in src.
func IsElsewhere(ctx context.Context, src Source, d oci.Descriptor) bool {
	if !oci.MayBeAbsent(d) {
		return false
	}
	r, err := src.Open(ctx, d)
	if err != nil {
		return errors.Is(err, ErrNotFound)
	}
	r.Close()
	return false
}

// CopyFast is Copy for blobs whose digest is already trusted, because a step of the same build made or verified them: if
// the blob is a file, the kernel copies the bytes and only the size is checked. Any other blob is verified as by Copy.
func CopyFast(ctx context.Context, w io.Writer, src Source, d oci.Descriptor) error {
	r, err := open(ctx, src, d)
	if err != nil {
		return err
	}
	defer r.Close()
	if part, isPart := r.(*section); isPart {
		return part.copyFast(w, d)
	}
	file, isFile := r.(*os.File)
	if !isFile {
		_, err = io.Copy(w, digest.NewVerifier(r, d.Digest, d.Size))
		return err
	}
	n, err := io.Copy(w, io.LimitReader(file, d.Size))
	if err != nil {
		return err
	}
	if more, _ := file.Read(make([]byte, 1)); n != d.Size || more > 0 {
		return &digest.MismatchError{Want: d.Digest, Got: d.Digest, WantSize: d.Size, GotSize: n + int64(more)}
	}
	return nil
}

// Multi is a source that tries other sources in turn.
type Multi []Source

// Open implements Source.
func (m Multi) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	for _, src := range m {
		r, err := src.Open(ctx, d)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return r, err
		}
	}
	return nil, fmt.Errorf("%s: %w", d.Digest, ErrNotFound)
}
