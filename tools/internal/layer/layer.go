// Package layer makes a layer: a blob and its description.
//
// [Make] takes the inputs as defined by package inputs; [Build] takes entries. Several goroutines read files and make their
// headers ahead of the one that hashes and packs, so that neither waits for the other. The amount read ahead is bounded,
// and no file is held in memory completely.
//
// Non-goals: the contents of a layer (packages inputs and tree), the bytes of headers (package tarstream), compression
// (package compress).
package layer

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/layer/ztoc"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Keep states which archives may become a layer unchanged.
type Keep int

// The choices. An archive that may not be kept is unpacked and repacked.
const (
	KeepNone Keep = iota
	KeepSame      // archives with the codec of the packing's format
	KeepAll       // archives with any codec that layers support
)

// Packing states how a layer is packed.
type Packing struct {
	compress.Format
	Keep  Keep
	Cache *compress.Cache // of packed blocks; may be nil
	ZTOC  bool            // whether to make the zTOC of a layer that is packed with gzip
}

// keeps reports whether an archive compressed with the codec may become the layer.
func (p Packing) keeps(codec oci.Compression) bool {
	return p.Keep == KeepAll || p.Keep == KeepSame && p.Codec == codec
}

// Result describes a finished layer.
type Result struct {
	blob.Result
	Codec   oci.Compression // of the blob
	Entries []*tree.Entry   // the layer's entries; without contents if an archive was kept
	Kept    bool            // whether the blob is an archive, byte for byte
	// Packages maps the digests of the Debian packages among the inputs to their titles.
	Packages map[digest.Digest]string
	// Programs maps each architecture, a GOARCH value, that the layer has machine code for to the path of one such file:
	// the first one in byte order. An archive that was kept is not searched for programs.
	Programs map[string]string
	// Interpreters maps the path of each program to its interpreter, as in source.Interpreter. It is nil for an archive
	// that was kept.
	Interpreters map[string]string
	// Accounts has the names in the files of users and groups, by path. It lacks files that could not be read as such.
	Accounts map[string]accounts.Names
	// ZTOC is the layer's zTOC. It is nil unless it was requested, and for an archive that was kept or a codec other than
	// gzip.
	ZTOC *ztoc.Table
}

// Make makes the layer as a blob at path. If it fails, nothing is left there.
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
	made, err := Build(ctx, contents.Entries, path, packing)
	made.Packages = contents.Packages
	return made, err
}

// Build writes the layer with the entries, which come from tree.Builder.Build, as a blob at path. If it fails, nothing is
// left there.
func Build(ctx context.Context, entries []*tree.Entry, path string, packing Packing) (Result, error) {
	var table *ztoc.Table
	var more []io.Writer
	if packing.ZTOC && packing.Codec == oci.Gzip {
		table = new(ztoc.Table)
		more = append(more, table)
	}
	w, err := blob.Create(path, packing.Format, packing.Cache, more...)
	if err != nil {
		return Result{}, err
	}
	defer w.Abort()
	var found programs
	if err := writeTar(ctx, w, entries, &found, table); err != nil {
		return Result{}, err
	}
	names, err := readAccounts(entries)
	if err != nil {
		return Result{}, err
	}
	written, err := w.Commit()
	return Result{
		Result: written, Codec: packing.Codec, Entries: entries, Programs: found.paths,
		Interpreters: found.launchers(entries), Accounts: names, ZTOC: table,
	}, err
}

// sink receives a tar. It is the part of blob.Writer that writeTar uses.
type sink interface {
	io.Writer
	Buffer() []byte
	Send(buffer []byte) error
}

// writeTar writes the entries as a tar, in buffers that are full if there is enough data. The table, unless it is nil, gets
// the entries.
func writeTar(ctx context.Context, to sink, entries []*tree.Entry, found *programs, table *ztoc.Table) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for run := range readAhead(ctx, to.Buffer, entries, found, table != nil) {
		for chunk := range run.chunks {
			if err := to.Send(chunk); err != nil {
				return err
			}
		}
		if run.err != nil {
			return run.err
		}
		for _, e := range run.listed {
			table.Add(e)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := to.Write(tarstream.End())
	return err
}
