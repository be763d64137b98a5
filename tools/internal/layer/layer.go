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

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
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

// sink is what a tar is written to: blob.Writer, whose methods these are.
type sink interface {
	io.Writer
	Buffer() []byte
	Send(buffer []byte) error
}

// writeTar writes the entries as a tar, in buffers that are full where the entries have so much.
func writeTar(ctx context.Context, to sink, entries []*tree.Entry, programs *Programs) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for run := range readAhead(ctx, to.Buffer, entries, programs) {
		for chunk := range run.chunks {
			if err := to.Send(chunk); err != nil {
				return err
			}
		}
		if run.err != nil {
			return run.err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := to.Write(tarstream.End())
	return err
}
