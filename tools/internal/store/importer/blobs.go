package importer

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// blobs is a new directory of blobs. Those that can be read where they are in the source are only listed, as
// [content.Places]; those of a compressed archive are files sha256/HEX.
type blobs struct {
	*atomicfile.Directory
	places content.Places
}

// newBlobs creates the directory dir, which must be absent or empty.
func newBlobs(dir string) (*blobs, error) {
	out, err := atomicfile.CreateDirectory(dir)
	if err != nil {
		return nil, err
	}
	return &blobs{out, make(content.Places)}, nil
}

// add verifies a blob of the source and adds it.
func (b *blobs) add(ctx context.Context, source content.Source, d oci.Descriptor) error {
	place, ok, err := placeOf(ctx, source, d)
	if err != nil {
		return err
	}
	if ok {
		b.places[d.Digest] = place
		return content.Copy(ctx, io.Discard, source, d)
	}
	return layout.WriteBlob(filepath.Clean(b.Path), d, func(w io.Writer) error { return content.Copy(ctx, w, source, d) })
}

// finish makes the directory visible.
func (b *blobs) finish() error {
	if err := b.places.Write(b.Path); err != nil {
		return err
	}
	return b.Commit()
}

// placeOf returns where a blob is in its source, unless that is a compressed archive.
func placeOf(ctx context.Context, source content.Source, d oci.Descriptor) (place content.Place, ok bool, err error) {
	r, err := source.Open(ctx, d)
	if err != nil {
		return content.Place{}, false, err
	}
	defer r.Close()
	switch r := r.(type) {
	case *os.File:
		return content.Place{Path: layout.BlobPath(d.Digest)}, true, nil
	case interface{ Offset() (int64, bool) }:
		offset, ok := r.Offset()
		return content.Place{Offset: offset}, ok, nil
	}
	return content.Place{}, false, nil
}
