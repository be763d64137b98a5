package ext4

import "encoding/binary"

const (
	// maxExtent is the largest number of blocks of an extent.
	maxExtent = 1 << 15
	// inInode and inBlock are how many entries of an extent tree fit into an inode and into a block.
	inInode     = 4
	inBlock     = (blockSize - extentHead) / extentEntry
	extentMagic = 0xf30a
	extentHead  = 12
	extentEntry = 12
)

// extent maps consecutive blocks of a file to blocks of the file system.
type extent struct{ logical, start, count int64 }

// grow makes the extent tree from the extents: leaves, and above them as many levels as necessary.
func (i *inode) grow(a *allocator) {
	i.nodes = nil
	level := i.extents // in levels above the leaves, start is the block of a node
	depth := 0
	for ; len(level) > inInode; depth++ {
		var above []extent
		for len(level) > 0 {
			n := min(len(level), inBlock)
			block := a.row(1)
			i.nodes = append(i.nodes, node{block, pad(encode(level[:n], depth, inBlock))})
			above = append(above, extent{logical: level[0].logical, start: block})
			level = level[n:]
		}
		level = above
	}
	i.root = encode(level, depth, inInode)
}

// encode returns a node of the tree.
func encode(entries []extent, depth, room int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, extentMagic)
	b = le.AppendUint16(b, uint16(len(entries)))
	b = le.AppendUint16(b, uint16(room))
	b = le.AppendUint16(b, uint16(depth))
	b = le.AppendUint32(b, 0)
	for _, e := range entries {
		b = le.AppendUint32(b, uint32(e.logical))
		if depth > 0 {
			b = le.AppendUint32(b, uint32(e.start))
			b = le.AppendUint32(b, 0)
			continue
		}
		b = le.AppendUint16(b, uint16(e.count))
		b = le.AppendUint16(b, 0)
		b = le.AppendUint32(b, uint32(e.start))
	}
	return b
}

// pad fills a block with zeros.
func pad(b []byte) []byte { return append(b, make([]byte, blockSize-len(b))...) }
