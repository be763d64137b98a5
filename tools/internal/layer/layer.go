// Package layer makes a layer: a blob, and what is known of it.
//
// [Make] takes the inputs as package inputs states them; [Build] takes entries. Files are read, and their headers made, by
// several goroutines ahead of the one that hashes and packs, so that neither waits for the other. What is read ahead is
// bounded, and no file is held whole, whatever its size.
//
// Non-goals: what is in a layer (packages inputs and tree), which bytes headers have (package tarstream), how bytes are
// packed (package compress).
package layer

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Keep states which archives may be a layer as they are.
type Keep int

// The choices. An archive that may not be kept is unpacked and written again.
const (
	KeepNone Keep = iota
	KeepSame      // those with the codec of the packing's format
	KeepAll       // those with any codec that layers have
)

// Packing is how a layer is packed.
type Packing struct {
	compress.Format
	Keep  Keep
	Cache *compress.Cache // of packed blocks; may be nil
}

// keeps reports whether an archive that is packed with the codec may be the layer.
func (p Packing) keeps(codec oci.Compression) bool {
	return p.Keep == KeepAll || p.Keep == KeepSame && p.Codec == codec
}

// Result is a layer that was made.
type Result struct {
	blob.Result
	Codec   oci.Compression // how it is packed
	Entries []*tree.Entry   // what is in it; without contents where an archive was kept
	// Programs has, for each architecture that the layer has machine code for, a GOARCH value, the path of a file with it:
	// the first one in byte order. An archive that was kept was not searched for any.
	Programs map[string]string
}

// Make makes the layer as a blob at path. Nothing is left there if it fails.
func Make(ctx context.Context, spec *inputs.Spec, path string, packing Packing) (Result, error) {
	if src, ok := spec.Archive(); ok && packing.Keep != KeepNone {
		kept, err := keep(ctx, src, path, packing)
		if !errors.Is(err, errRepack) {
			return kept, err
		}
	}
	contents, err := spec.Read(ctx, filepath.Dir(path))
	if err != nil {
		return Result{}, err
	}
	defer contents.Close()
	return Build(ctx, contents.Entries, path, packing)
}

// Build writes the layer with the entries, which come from tree.Builder.Build, as a blob at path. Nothing is left there
// if it fails.
func Build(ctx context.Context, entries []*tree.Entry, path string, packing Packing) (Result, error) {
	w, err := blob.Create(path, packing.Format, packing.Cache)
	if err != nil {
		return Result{}, err
	}
	defer w.Abort()
	var found programs
	if err := writeTar(ctx, w, entries, &found); err != nil {
		return Result{}, err
	}
	written, err := w.Commit()
	return Result{Result: written, Codec: packing.Codec, Entries: entries, Programs: found.paths}, err
}

// sink receives a tar. It is the part of blob.Writer that writeTar uses.
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
