// Package blob makes a blob in one pass over its bytes: it returns the compressed file, both digests and both sizes.
//
// Hashing the input, compressing it, and hashing and storing the output run at the same time. Memory is limited to what
// the compressor needs, whatever the size of the stream.
package blob

import (
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Result describes a finished blob.
type Result struct {
	Digest digest.Digest // of the compressed bytes
	Size   int64         // of the compressed bytes
	// DiffID is the digest of the uncompressed bytes, as listed in a config's diff_ids.
	DiffID           digest.Digest
	UncompressedSize int64
}

// Writer writes one blob. It must be ended by Commit or Abort. It is for one goroutine.
type Writer struct {
	file   *atomicfile.File
	packer *compress.Writer
	packed *digest.Writer // nil without compression: the blob is the stream
	plain  *digest.Writer
	path   string
	cache  *compress.Cache
}

// Create starts a blob at path. The directory must exist. The cache, which may be nil, avoids compressing blocks of
// earlier blobs again. The further writers get the compressed bytes, too.
func Create(path string, format compress.Format, cache *compress.Cache, more ...io.Writer) (*Writer, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, plain: digest.NewWriter(), path: path, cache: cache}
	ends := compress.Ends{Packed: append([]io.Writer{file}, more...), Plain: w.plain}
	if format.Codec != oci.Uncompressed {
		w.packed = digest.NewWriter()
		ends.Packed, ends.Cache = append(ends.Packed, w.packed), cache
	}
	if w.packer, err = format.NewWriter(ends); err != nil {
		file.Abort()
		return nil, err
	}
	return w, nil
}

// Write implements io.Writer. The error may come from an earlier write.
func (w *Writer) Write(p []byte) (int, error) { return w.packer.Write(p) }

// Buffer returns an empty buffer with capacity compress.BufferSize, to be filled and passed to Send. It may be called
// from any goroutine.
func (w *Writer) Buffer() []byte { return w.packer.Buffer() }

// Send writes the bytes of a buffer and takes ownership of it, without copying. The error may come from an earlier write.
func (w *Writer) Send(buffer []byte) error { return w.packer.Send(buffer) }

// Commit ends the stream and gives the file its name.
func (w *Writer) Commit() (Result, error) {
	if err := w.packer.Close(); err != nil {
		return Result{}, err
	}
	if err := w.file.Commit(); err != nil {
		return Result{}, err
	}
	r := Result{DiffID: w.plain.Digest(), UncompressedSize: w.plain.Size()}
	r.Digest, r.Size = r.DiffID, r.UncompressedSize
	if w.packed != nil {
		r.Digest, r.Size = w.packed.Digest(), w.packed.Size()
	}
	if w.cache != nil {
		w.cache.Keep(w.path, w.packer)
	}
	return r, nil
}

// Abort removes the blob unless it was committed. It is meant to be deferred.
func (w *Writer) Abort() {
	w.packer.Abort()
	w.file.Abort()
}
