package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// maxWindow is the largest zstd window that is accepted, in bytes; it must be held in memory. It is the limit of the
// zstd program, too.
const maxWindow = 128 << 20

// Magic is how many bytes of a stream [Sniff] needs at most.
const Magic = 4

// Sniff returns how a stream that starts with prefix is compressed.
func Sniff(prefix []byte) oci.Compression {
	switch {
	case bytes.HasPrefix(prefix, []byte{0x1f, 0x8b}):
		return oci.Gzip
	case bytes.HasPrefix(prefix, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return oci.Zstd
	}
	return oci.Uncompressed
}

// Decompress returns the bytes that r holds compressed. The caller closes the result.
func Decompress(r io.Reader, compression oci.Compression) (io.ReadCloser, error) {
	switch compression {
	case oci.Gzip:
		return gzip.NewReader(r)
	case oci.Zstd:
		d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// unpack returns f, at its start, if it is not compressed. Otherwise it returns a temporary file with the unpacked
// bytes that vanishes when it is closed, and closes f. It fails if they are more than limit.
func unpack(f *os.File, limit int64) (*os.File, error) {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("is a directory")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r, codec, err := decompress.NewReader(context.Background(), f, info.Size())
	if err != nil {
		f.Close()
		return nil, err
	}
	defer r.Close()
	if codec == decompress.None {
		_, err := f.Seek(0, io.SeekStart)
		return f, err
	}
	defer f.Close()
	temporary, err := os.CreateTemp("", "image-archive-*.tar")
	if err != nil {
		return nil, err
	}
	if err := fill(temporary, r, limit); err != nil {
		temporary.Close()
		return nil, err
	}
	return temporary, nil
}

// fill unlinks f and writes all of r to it.
func fill(f *os.File, r io.Reader, limit int64) error {
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if n > limit {
		return fmt.Errorf("more than %d bytes when unpacked", limit)
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}
