package rootfs

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// stack holds the layers, the lowest first, and the source of their blobs.
type stack struct {
	src    content.Source
	layers []oci.Descriptor
}

// visitor gets an entry of a layer and its position in the archive, counted from 0. It may read the content from r.
type visitor func(number int, e *tree.Entry, r *tarfile.Reader) error

// read visits the entries of layer i, and reads the blob to its end, because only then is its digest verified.
func (s *stack) read(ctx context.Context, i int, budget *budget, visit visitor) error {
	d := s.layers[i]
	if _, err := oci.LayerCompression(d.MediaType); err != nil {
		return err
	}
	if err := oci.CheckDescriptor(d); err != nil {
		return err
	}
	blob, err := s.src.Open(ctx, d)
	if err != nil {
		return err
	}
	defer blob.Close()
	packed := budget.packed(digest.NewVerifier(blob, d.Digest, d.Size))
	plain, _, err := decompress.NewReader(ctx, packed, d.Size)
	if err != nil {
		return err
	}
	defer plain.Close()
	if err := visitAll(tarfile.NewReader(budget.plain(plain)), visit); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, packed)
	return err
}

// visitAll visits the entries of an archive.
func visitAll(r *tarfile.Reader, visit visitor) error {
	for number := 0; ; number++ {
		e, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(number, e, r)
		}
		if err != nil {
			return err
		}
	}
}

// named adds the layer to an error.
func (s *stack) named(i int, err error) error {
	return fmt.Errorf("layer %d of %d, %s: %w", i+1, len(s.layers), s.layers[i].Digest, err)
}

// budget bounds the unpacked size of all layers together. It counts the bytes actually read, because the sizes in
// descriptors may be wrong, and because an image may repeat one small blob many times.
type budget struct{ in, out int64 }

// errBudget reports a decompression bomb that is spread over several layers, or hidden behind a false size.
var errBudget = errors.New("the layers so far unpack to too many bytes for their size")

// packed counts the packed bytes that are read from r.
func (b *budget) packed(r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		b.in += int64(n)
		return n, err
	})
}

// plain bounds the unpacked bytes that are read from r.
func (b *budget) plain(r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if b.out += int64(n); b.out > decompress.Limit(b.in) {
			return 0, errBudget
		}
		return n, err
	})
}

// readerFunc is a function that is an io.Reader.
type readerFunc func(p []byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
