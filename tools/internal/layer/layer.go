// Package layer turns the entries of a layer into a blob.
//
// Files are read, and their headers made, by several goroutines ahead of the one that hashes and packs, so that neither
// waits for the other. What is read ahead is bounded, and no file is held whole, whatever its size.
//
// Non-goals: what is in a layer (package tree), which bytes headers have (package tarstream), how bytes are packed
// (package compress).
package layer

import (
	"context"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/compress"
	"github.com/rules-strata/rules_strata/tools/internal/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/tree"
)

// Packing is how a layer is packed.
type Packing struct {
	compress.Format
	Cache    *compress.Cache // of packed blocks; may be nil
	Programs *Programs       // where to note programs; may be nil
}

// Build writes the layer with the entries, which come from tree.Builder.Build, as a blob at path. Nothing is left there
// if it fails.
func Build(ctx context.Context, entries []*tree.Entry, path string, packing Packing) (blob.Result, error) {
	w, err := blob.Create(path, packing.Format, packing.Cache)
	if err != nil {
		return blob.Result{}, err
	}
	defer w.Abort()
	if err := writeTar(ctx, w, entries, packing.Programs); err != nil {
		return blob.Result{}, err
	}
	return w.Commit()
}

// WriteTar writes the entries to w as a tar. Writes are of 256 KiB where the entries have so much.
func WriteTar(ctx context.Context, w io.Writer, entries []*tree.Entry) error {
	return writeTar(ctx, w, entries, nil)
}

func writeTar(ctx context.Context, w io.Writer, entries []*tree.Entry, programs *Programs) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pool := newChunks()
	for run := range readAhead(ctx, entries, pool, programs) {
		for chunk := range run.chunks {
			if _, err := w.Write(chunk.bytes); err != nil {
				return err
			}
			pool.put(chunk)
		}
		if run.err != nil {
			return run.err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := w.Write(tarstream.End())
	return err
}
