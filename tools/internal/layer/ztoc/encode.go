package ztoc

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

const (
	version = "0.9"
	// tool identifies the program that made a zTOC. It has no version, so that zTOCs change only if their format does.
	tool = "rules_strata"

	window         = 32 << 10 // what an inflater may refer to before a span
	checkpointSize = 8 + 8 + 1 + window
)

// Encode writes the zTOC of the finished layer as a flatbuffer of SOCI's schema ztoc.fbs. The numbers of fields are those of
// the schema.
func (t *Table) Encode(w io.Writer) error {
	t.end()
	var e encoder
	var root, files, info, metadata, digests, checkpoints int
	root = e.reserve()
	e.point(root, e.table(
		text(0, version),
		text(1, tool),
		long(2, t.in),
		long(3, t.out),
		reference(4, &files),
		reference(5, &info),
	))
	e.point(files, e.table(reference(0, &metadata)))
	e.point(info, e.table( // field 0 is the compression; gzip is the default
		integer(1, uint32(len(t.spans)-1)),
		reference(2, &digests),
		reference(3, &checkpoints),
	))
	for i, place := range e.vector(metadata, len(t.entries)) {
		e.file(place, t.entries[i])
	}
	for i, place := range e.vector(digests, len(t.spans)) {
		e.refer(place, string(t.spans[i].digest))
	}
	e.writeTexts()

	list := t.header()
	e.align(4, 0)
	e.point(checkpoints, len(e.data))
	size := len(list) + len(t.spans)*checkpointSize
	if len(e.data)+4+size > math.MaxInt32 {
		return fmt.Errorf("the zTOC would have %d bytes, more than its format can hold", len(e.data)+4+size)
	}
	e.put(4, uint64(size))
	if _, err := w.Write(append(e.data, list...)); err != nil {
		return err
	}
	return t.writeCheckpoints(w)
}

// file adds an entry.
func (e *encoder) file(place int, f entry) {
	var attributes int
	fields := []field{
		text(0, f.Name),
		text(1, kinds[f.Typeflag]),
		long(2, f.at),
		long(3, f.Size),
		text(4, f.Linkname),
		long(5, f.Mode),
		integer(6, uint32(f.Uid)),
		integer(7, uint32(f.Gid)),
		text(8, f.Uname),
		text(9, f.Gname),
		text(10, f.time),
		long(11, f.Devmajor),
		long(12, f.Devminor),
	}
	if len(f.PAXRecords) > 0 {
		fields = append(fields, reference(13, &attributes))
	}
	e.point(place, e.table(fields...))
	if len(f.PAXRecords) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(f.PAXRecords))
	for i, place := range e.vector(attributes, len(keys)) {
		e.point(place, e.table(text(0, keys[i]), text(1, f.PAXRecords[keys[i]])))
	}
}

// header returns the beginning of the list of checkpoints: their number, and the size of a span.
func (t *Table) header() []byte {
	list := binary.LittleEndian.AppendUint32(nil, uint32(len(t.spans)))
	return binary.LittleEndian.AppendUint64(list, SpanSize)
}

// writeCheckpoints writes the list of checkpoints one by one: the windows, which are all zeros, make up most of a zTOC.
func (t *Table) writeCheckpoints(w io.Writer) error {
	var checkpoint [checkpointSize]byte // its bits are 0: every block starts at a byte
	for _, s := range t.spans {
		binary.LittleEndian.PutUint64(checkpoint[0:], uint64(s.in))
		binary.LittleEndian.PutUint64(checkpoint[8:], uint64(s.out))
		if _, err := w.Write(checkpoint[:]); err != nil {
			return err
		}
	}
	return nil
}
