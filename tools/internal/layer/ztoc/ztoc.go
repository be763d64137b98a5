// Package ztoc makes zTOCs, the tables by which SOCI's snapshotter reads single files of a gzip layer that it has not pulled.
//
// A zTOC lists the entries of the layer's tar, and spans: parts of the blob that can be unpacked on their own, each with its
// digest. SOCI finds spans in any gzip stream, and stores the 32 KiB before each one. The blocks of package compress need
// nothing before them, so a [Table] is filled while the layer is written, and its windows are zeros.
//
// docs/internals/format.md states the format.
//
// Non-goals: reading zTOCs, zTOCs of layers that package compress did not pack, the manifest that lists zTOCs (package
// image).
package ztoc

import (
	"archive/tar"
	"bytes"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// SpanSize is the number of bytes of the tar after which the next block starts a new span. It is the default of SOCI.
const SpanSize = 4 << 20

// Entry is an entry of a tar.
type Entry struct {
	*tar.Header
	length int64 // of the header blocks
	time   string
}

// Parse reads the header blocks of an entry as SOCI does: with package archive/tar.
func Parse(header []byte) (Entry, error) {
	h, err := tar.NewReader(bytes.NewReader(header)).Next()
	if err != nil {
		return Entry{}, err
	}
	modified, err := h.ModTime.UTC().MarshalText()
	if err != nil {
		return Entry{}, fmt.Errorf("modification time %d: a zTOC holds years up to 9999", h.ModTime.Unix())
	}
	return Entry{Header: h, length: int64(len(header)), time: string(modified)}, nil
}

// Table is the zTOC of a layer. The zero value is an empty one.
//
// It is also an end of a compress.Writer: the one that gets the packed stream.
type Table struct {
	entries []entry
	size    int64 // of the tar as far as it has entries
	spans   []span
	current *digest.Writer // of the last span
	in, out int64          // bytes of the packed stream and of the tar
}

// entry is an entry with the place of its content in the tar.
type entry struct {
	Entry
	at int64
}

// span is a part of the packed stream.
type span struct {
	in, out int64 // where it starts in the packed stream and in the tar
	digest  digest.Digest
}

// Add adds the next entry of the tar.
func (t *Table) Add(e Entry) {
	at := t.size + e.length
	t.entries = append(t.entries, entry{e, at})
	const block = 512
	t.size = at + (e.Size+block-1)/block*block
}

// Block implements compress.BlockWriter.
func (t *Table) Block(size int) {
	if len(t.spans) == 0 || t.out-t.spans[len(t.spans)-1].out > SpanSize {
		t.end()
		t.spans = append(t.spans, span{in: t.in, out: t.out})
		t.current = digest.NewWriter()
	}
	t.out += int64(size)
}

// Write implements io.Writer. It never fails.
func (t *Table) Write(p []byte) (int, error) {
	t.in += int64(len(p))
	if t.current == nil {
		return len(p), nil // the gzip header belongs to no span
	}
	return t.current.Write(p)
}

// end ends the last span.
func (t *Table) end() {
	if len(t.spans) > 0 {
		t.spans[len(t.spans)-1].digest = t.current.Digest()
	}
}

// kinds has SOCI's names of the types of entries.
var kinds = map[byte]string{
	tar.TypeReg:     "reg",
	tar.TypeLink:    "hardlink",
	tar.TypeSymlink: "symlink",
	tar.TypeChar:    "char",
	tar.TypeBlock:   "block",
	tar.TypeDir:     "dir",
	tar.TypeFifo:    "fifo",
}
