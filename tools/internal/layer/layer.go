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
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Packing is how a layer is packed.
type Packing struct {
	compress.Format
	Cache *compress.Cache // of packed blocks; may be nil
}

// Made is a layer that was made.
type Made struct {
	blob.Result
	Codec   oci.Compression // how it is packed
	Entries []*tree.Entry   // what is in it; without contents where an archive was kept
	// Programs has, for each architecture that the layer has machine code for, in the words of GOARCH, the path of a file
	// with it. It is nil where an archive was kept: nothing looked into its files.
	Programs map[string]string
}

// Build writes the layer with the entries, which come from tree.Builder.Build, as a blob at path. Nothing is left there
// if it fails.
func Build(ctx context.Context, entries []*tree.Entry, path string, packing Packing) (Made, error) {
	w, err := blob.Create(path, packing.Format, packing.Cache)
	if err != nil {
		return Made{}, err
	}
	defer w.Abort()
	var found programs
	if err := writeTar(ctx, w, entries, &found); err != nil {
		return Made{}, err
	}
	result, err := w.Commit()
	return Made{result, packing.Codec, entries, found.paths}, err
}

// sink is what a tar is written to: blob.Writer, whose methods these are.
type sink interface {
	io.Writer
	Buffer() []byte
	Send(buffer []byte) error
}

// writeTar writes the entries as a tar, in buffers that are full where the entries have so much.
func writeTar(ctx context.Context, to sink, entries []*tree.Entry, found *programs) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for run := range readAhead(ctx, to.Buffer, entries, found) {
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
