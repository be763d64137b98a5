// Package decompress reads the output of other programs: gzip, bzip2, xz and zstd, detected by their first bytes.
//
// Inputs are not trusted: a stream that unpacks to more than [Limit] allows ends in an error, as does one that is truncated
// or has garbage after its end, and the window of a stream is bounded. A [Spool] keeps data that must be read more than
// once.
//
// Non-goals: packing (package compress), the meaning of the contents.
package decompress

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Compressions of archives in addition to those of layers.
const (
	Bzip2 oci.Compression = "bzip2"
	XZ    oci.Compression = "xz" // The .xz File Format 1.2
)

// ErrLimit is returned if a stream unpacks to more than [Limit] allows.
var ErrLimit = errors.New("unpacks to too many bytes for its size")

const (
	// limitBytes and limitRatio bound what a stream may unpack to: an absolute size, or a multiple of its own size. Real
	// data hardly compresses to less than a hundredth.
	limitBytes = 16 << 30
	limitRatio = 200
	// maxMemory is how many bytes back a stream may refer: twice what xz -9 and all but zstd --ultra --long do.
	maxMemory = 128 << 20
	// headLen is how many bytes are read to detect the codec and an xz stream's dictionary.
	headLen = 40
)

// Limit returns how many bytes a stream of size bytes may unpack to.
func Limit(size int64) int64 { return max(limitBytes, limitRatio*size) }

// NewReader returns a reader of the contents of r, a stream of size bytes, and its compression. Uncompressed data is read
// unchanged. Reads fail once ctx is done. The caller closes the reader, which leaves r open.
func NewReader(ctx context.Context, r io.Reader, size int64) (io.ReadCloser, oci.Compression, error) {
	in := bufio.NewReaderSize(r, 128<<10)
	head, err := in.Peek(headLen)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	codec := sniff(head)
	plain, err := open(in, head, codec)
	if errors.Is(err, gzip.ErrHeader) {
		err = errors.New("damaged header")
	}
	if err != nil {
		return nil, codec, named(codec, err)
	}
	return &reader{plain, ctx, codec, Limit(size)}, codec, nil
}

// sniff detects the codec from the first bytes.
func sniff(head []byte) oci.Compression {
	for _, known := range []struct {
		magic string
		codec oci.Compression
	}{{"\x1f\x8b", oci.Gzip}, {"BZh", Bzip2}, {"\xfd7zXZ\x00", XZ}, {"\x28\xb5\x2f\xfd", oci.Zstd}} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.codec
		}
	}
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.HasPrefix(head[1:], []byte("\x2a\x4d\x18")) {
		return oci.Zstd // a skippable frame comes first
	}
	return oci.Uncompressed
}

func open(r io.Reader, head []byte, codec oci.Compression) (io.ReadCloser, error) {
	switch codec {
	case oci.Gzip:
		return gzip.NewReader(r)
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(r)), nil
	case XZ:
		if err := checkDictionary(head); err != nil {
			return nil, err
		}
		plain, err := xz.NewReader(&parts{r: r})
		return io.NopCloser(plain), err
	case oci.Zstd:
		plain, err := zstd.NewReader(r, zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxMemory))
		if err != nil {
			return nil, err
		}
		return plain.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// checkDictionary rejects an xz stream that needs too much memory. The first block's header follows the stream's 12
// bytes: size, flags, two optional sizes, and the list of filters, of which LZMA2 (0x21) must be the last and has one
// byte: the size of the dictionary, 2 or 3 shifted by half of it (The .xz File Format, sections 3.1 and 5.3.1).
func checkDictionary(head []byte) error {
	const flags, sizes = 13, 14
	if len(head) < headLen {
		return nil // too short for a block
	}
	rest := head[sizes:]
	for bit := byte(0x40); bit != 0; bit <<= 1 {
		if head[flags]&bit != 0 {
			_, n := binary.Uvarint(rest)
			rest = rest[max(n, 0):]
		}
	}
	if bits := rest[2]; rest[0] == 0x21 && bits <= 40 && (2|int64(bits)&1)<<(bits/2+11) > maxMemory {
		return fmt.Errorf("needs a dictionary of more than %d MiB", maxMemory>>20)
	}
	return nil
}

// reader reads the contents of a packed stream, up to a limit.
type reader struct {
	io.ReadCloser
	ctx   context.Context
	codec oci.Compression
	left  int64
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, named(r.codec, ErrLimit)
	}
	return n, named(r.codec, err)
}

// named adds the codec to the error, and replaces common errors with those of this package.
func named(codec oci.Compression, err error) error {
	switch {
	case err == nil || err == io.EOF || codec == oci.Uncompressed:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("truncated")
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch):
		err = errors.New("data after the end")
	case strings.HasPrefix(err.Error(), string(codec)+":"):
		return err
	}
	return fmt.Errorf("%s: %w", codec, err)
}
