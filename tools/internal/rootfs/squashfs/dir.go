package squashfs

import (
	"encoding/binary"
	"math"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

const (
	// maxRun is the number of entries that can follow a header in a directory.
	maxRun = 256
	// headerSize and entrySize are the sizes of a header and of an entry without its name.
	headerSize, entrySize = 12, 8
	// maxIndex is the largest number of entries in the index of a directory.
	maxIndex = math.MaxUint16
)

// types are the types of inodes and directory entries. Those of extended inodes are larger by 7.
var types = map[tree.Kind]uint16{
	tree.Dir: 1, tree.File: 2, tree.Symlink: 3, tree.BlockDevice: 4, tree.CharDevice: 5, tree.FIFO: 6,
}

// listing is where the entries of a directory are.
type listing struct {
	at    ref
	size  int
	index []byte // entries of the index, each for a header
	heads uint16 // how many entries the index has
}

// entries writes the entries of a directory, whose inodes are written, to the table of directories. The index has the first
// header in each block of metadata, except where the directory begins.
func (i *inode) entries(t *table) listing {
	if len(i.names) == 0 {
		return listing{}
	}
	le := binary.LittleEndian
	l := listing{at: t.here()}
	block := l.at.block()
	for rest := i.names; len(rest) > 0; {
		at := t.here()
		if at.block() != block && l.heads < maxIndex {
			block = at.block()
			l.heads++
			l.index = le.AppendUint32(l.index, uint32(l.size))
			l.index = le.AppendUint32(l.index, block)
			l.index = le.AppendUint32(l.index, uint32(len(rest[0].name)-1))
			l.index = append(l.index, rest[0].name...)
		}
		n := run(rest, int(at.offset()))
		first := rest[0].inode
		b := le.AppendUint32(nil, uint32(n-1))
		b = le.AppendUint32(b, first.ref.block())
		b = le.AppendUint32(b, first.number)
		for _, e := range rest[:n] {
			b = le.AppendUint16(b, e.inode.ref.offset())
			b = le.AppendUint16(b, uint16(e.inode.number-first.number))
			b = le.AppendUint16(b, types[e.inode.Kind])
			b = le.AppendUint16(b, uint16(len(e.name)-1))
			b = append(b, e.name...)
		}
		t.write(b)
		l.size += len(b)
		rest = rest[n:]
	}
	return l
}

// run returns how many entries can follow a header at an offset in a block of metadata: their inodes are in one block, their
// numbers are close to the first one, and all but the first begin in the same block as the header.
func run(names []entry, offset int) int {
	first := names[0].inode
	at := offset + headerSize
	for n, e := range names {
		distance := int64(e.inode.number) - int64(first.number)
		if n > 0 && (n == maxRun || at >= metadataSize || e.inode.ref.block() != first.ref.block() ||
			distance < math.MinInt16 || distance > math.MaxInt16) {
			return n
		}
		at += entrySize + len(e.name)
	}
	return len(names)
}
