// Package layer turns the entries of a layer into a blob.
//
// Several goroutines read files and make their headers, ahead of the one that hashes and compresses, so that neither
// waits for the other. Reading ahead is bounded, and no file is held whole in memory, whatever its size.
//
// Non-goals: the contents of a layer (package tree), the bytes of headers (package tarstream), compression (package
// compress).
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

// Packing describes how a layer is compressed.
type Packing struct {
	compress.Format
	Cache *compress.Cache // of compressed blocks; may be nil
}

// Made is a finished layer.
type Made struct {
	blob.Result
	Codec   oci.Compression // the layer's compression
	Entries []*tree.Entry   // the layer's entries; without contents if an archive was kept
	// Programs has, for each architecture (a GOARCH value) that the layer has machine code for, the path of a file with
	// such code. It is nil if an archive was kept, because Keep does not look into files.
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

// sink receives a tar. It is the part of blob.Writer that writeTar uses.
type sink interface {
	io.Writer
	Buffer() []byte
	Send(buffer []byte) error
}

// writeTar writes the entries as a tar, in buffers that are full if the entries have enough bytes.
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
