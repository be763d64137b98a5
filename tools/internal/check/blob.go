package check

import (
	"errors"
	"io"
	"math"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// blob reads the content that a descriptor describes and computes its digest at the same time. It reads at most one byte
// more than the descriptor's size.
type blob struct {
	in    *inspector
	where string
	want  oci.Descriptor
	src   io.ReadCloser
	r     io.Reader
	seen  *digest.Writer
	err   error // the first error that is not io.EOF
}

// open opens the blob d. It returns false, after reporting why, if the blob does not exist.
func (in *inspector) open(where string, d oci.Descriptor) (*blob, bool) {
	src, err := in.src.Open(in.ctx, d)
	switch {
	case errors.Is(err, content.ErrNotFound) && len(d.URLs) > 0 && nonDistributable(d.MediaType):
		return nil, false // its bytes are only available from its URLs
	case errors.Is(err, content.ErrNotFound):
		in.add(where, ruleBlobMissing, "%s is missing", d.Digest)
		return nil, false
	case err != nil:
		in.add(where, ruleBlobRead, "%v", err)
		return nil, false
	}
	return &blob{
		in: in, where: where, want: d,
		src: src, r: io.LimitReader(src, min(d.Size, math.MaxInt64-1)+1), seen: digest.NewWriter(),
	}, true
}

// Read implements io.Reader.
func (b *blob) Read(p []byte) (int, error) {
	if b.err == nil {
		b.err = b.in.ctx.Err()
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.seen.Write(p[:n])
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// Close closes the source.
func (b *blob) Close() error { return b.src.Close() }

// verify reads the rest and compares size and digest. It returns false, after reporting why, if the blob cannot be read.
func (b *blob) verify() bool {
	io.Copy(io.Discard, b) // b.err keeps any error
	switch size := b.seen.Size(); {
	case b.err != nil:
		b.in.add(b.where, ruleBlobRead, "%s: after %d bytes: %v", b.want.Digest, size, b.err)
		return false
	case size > b.want.Size:
		b.in.add(b.where, ruleBlobSize, "%s has more than the %d bytes of its descriptor", b.want.Digest, b.want.Size)
	case size < b.want.Size:
		b.in.add(b.where, ruleBlobSize, "%s has %d bytes, its descriptor states %d", b.want.Digest, size, b.want.Size)
	case b.seen.Digest() != b.want.Digest:
		b.in.add(b.where, ruleBlobDigest, "the digest is %s, the descriptor states %s", b.seen.Digest(), b.want.Digest)
	}
	return true
}

// nonDistributable reports whether a layer of the media type may be missing from a registry or a layout ("layer.md",
// Non-Distributable Layers).
func nonDistributable(mediaType string) bool {
	return strings.Contains(oci.OCIMediaType(mediaType), ".layer.nondistributable.")
}
