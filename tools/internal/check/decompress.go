package check

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// errTrailing is returned if data follows the compressed data.
var errTrailing = errors.New("bytes that are not compressed data follow the compressed data")

// maxWindow bounds the memory of the zstd decoder. It is the most that "zstd --long=27" and "zstd --ultra" need.
const maxWindow = 128 << 20

// decompress returns the decompressed bytes of r. It uses the standard library's gzip decoder, which is independent of
// the library that compresses this project's layers.
func decompress(r *bufio.Reader, c oci.Compression) (io.ReadCloser, error) {
	switch c {
	case oci.Gzip:
		zr, err := gzip.NewReader(r)
		if err != nil {
			return nil, err
		}
		zr.Multistream(false)
		return io.NopCloser(&gzipReader{src: r, member: zr}), nil
	case oci.Zstd:
		zr, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return &zstdReader{zr}, nil
	}
	return io.NopCloser(r), nil
}

// gzipReader reads one gzip member after another, and distinguishes errors that gzip.Reader does not: a broken member, and
// garbage after the last member.
type gzipReader struct {
	src    *bufio.Reader
	member *gzip.Reader
}

// Read implements io.Reader.
func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.member.Read(p)
		if n > 0 && err == io.EOF {
			err = nil // the next Read will hit the end again
		}
		if n > 0 || err != io.EOF {
			return n, err
		}
		head, err := g.src.Peek(len(magicGzip))
		switch {
		case len(head) == 0:
			return 0, err
		case !bytes.Equal(head, magicGzip):
			return 0, errTrailing
		}
		if err := g.member.Reset(g.src); err != nil {
			return 0, err
		}
		g.member.Multistream(false)
	}
}

// zstdReader closes a zstd decoder and translates its errors into those of this package.
type zstdReader struct{ dec *zstd.Decoder }

// Read implements io.Reader.
func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.dec.Read(p)
	if errors.Is(err, zstd.ErrMagicMismatch) {
		err = errTrailing // the first frame's magic number is correct
	}
	return n, err
}

// Close implements io.Closer.
func (z *zstdReader) Close() error {
	z.dec.Close()
	return nil
}
