// Package disk writes a file whose parts have places that are known beforehand: an archive or a file system image.
//
// A format is a function that turns the entries of a [rootfs.FileSystem] into a [Plan]. All offsets follow from the
// metadata, so [Plan.Write] puts the contents of files into place in the order in which the layers provide them. Therefore
// the bytes depend on the merged tree only, and not on how it is spread over layers, nothing is unpacked to disk, and
// memory does not depend on the size of contents. Blocks of zeros become holes in the written file.
//
// Non-goals: compression, and the formats themselves.
package disk

import (
	"context"
	"crypto/sha256"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Extent is a part of a content and its place.
type Extent struct {
	From int64 // where it is in the content
	To   int64 // where it goes in the file
	Size int64
}

// Plan states where everything goes in a file. All other bytes are zero.
type Plan struct {
	// Size is the size of the file.
	Size int64
	// Metadata writes everything except contents, in the same order every time.
	Metadata func(w io.WriterAt) error
	// Contents maps a regular file that is not empty to its extents, in ascending order of From. Parts of a content
	// without an extent must be zero. The contents of other files are not wanted.
	Contents map[*rootfs.File][]Extent
	// UUIDs are the places of a UUID that is derived from everything else that is written.
	UUIDs []int64
}

// Write writes the file, which must be empty.
func (p *Plan) Write(ctx context.Context, fs *rootfs.FileSystem, file *os.File) error {
	if err := file.Truncate(p.Size); err != nil {
		return err
	}
	id := newIdentity(file)
	if err := p.Metadata(id); err != nil {
		return err
	}
	want := func(f *rootfs.File) bool { return p.Contents[f] != nil }
	buffer := make([]byte, 64*rootfs.BlockSize)
	err := fs.Contents(ctx, want, func(f *rootfs.File, r io.Reader) error {
		if len(p.UUIDs) > 0 {
			content := sha256.New()
			r = io.TeeReader(r, content)
			defer func() { id.add(p.Contents[f], content.Sum(nil)) }()
		}
		return put(file, p.Contents[f], r, buffer)
	})
	if err != nil {
		return err
	}
	uuid := id.uuid()
	for _, at := range p.UUIDs {
		if _, err := file.WriteAt(uuid, at); err != nil {
			return err
		}
	}
	return nil
}

// put writes the extents of a content.
func put(w io.WriterAt, extents []Extent, r io.Reader, buffer []byte) error {
	at := int64(0)
	for _, e := range extents {
		if _, err := io.CopyN(io.Discard, r, e.From-at); err != nil {
			return err
		}
		if err := place(w, e.To, r, e.Size, buffer); err != nil {
			return err
		}
		at = e.From + e.Size
	}
	return nil
}

// place copies size bytes of r to the offset to, except blocks of zeros.
func place(w io.WriterAt, to int64, r io.Reader, size int64, buffer []byte) error {
	for size > 0 {
		b := buffer[:min(size, int64(len(buffer)))]
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if err := WriteSparse(w, to, b); err != nil {
			return err
		}
		to, size = to+int64(len(b)), size-int64(len(b))
	}
	return nil
}

// WriteSparse writes b at the offset to of a file whose bytes there are zero, and leaves out blocks of zeros.
func WriteSparse(w io.WriterAt, to int64, b []byte) error {
	start := 0
	flush := func(end int) error {
		if start == end {
			return nil
		}
		_, err := w.WriteAt(b[start:end], to+int64(start))
		return err
	}
	for at := 0; at < len(b); {
		end := min(at+rootfs.BlockSize, len(b))
		if rootfs.IsZero(b[at:end]) {
			if err := flush(at); err != nil {
				return err
			}
			start = end
		}
		at = end
	}
	return flush(len(b))
}

// types are the file types in a mode, as stat(2) has them.
var types = map[tree.Kind]uint32{
	tree.FIFO: 0o010000, tree.CharDevice: 0o020000, tree.Dir: 0o040000, tree.BlockDevice: 0o060000,
	tree.File: 0o100000, tree.Symlink: 0o120000,
}

// Mode returns the type and the permission bits of a file, as stat(2) has them. Those of a symlink are always 0777, as on
// Linux.
func Mode(f *rootfs.File) uint32 {
	if f.Kind == tree.Symlink {
		return types[f.Kind] | 0o777
	}
	return types[f.Kind] | f.Mode
}

// Device returns a device's number in the form that Linux file systems store in 32 bits.
func Device(f *rootfs.File) uint32 { return f.Minor&0xff | f.Major<<8 | f.Minor&^0xff<<12 }

// Align rounds n up to a multiple of unit, a power of two.
func Align(n, unit int64) int64 { return (n + unit - 1) &^ (unit - 1) }
