package squashfs

import (
	"encoding/binary"
	"math"
)

// metadataSize is the size of a block of metadata before it is compressed.
const metadataSize = 8192

// plainMetadata marks a block of metadata that is stored uncompressed.
const plainMetadata = 0x8000

// ref is the place of something in a table: the offset of its block, and in the lower 16 bits the offset in the
// uncompressed block.
type ref uint64

func newRef(block, offset int) ref { return ref(block)<<16 | ref(offset) }

func (r ref) block() uint32  { return uint32(r >> 16) }
func (r ref) offset() uint16 { return uint16(r) }

// table is a stream of metadata in compressed blocks.
type table struct {
	pack   packer
	out    []byte
	block  []byte // the block that is not complete yet
	starts []int  // where blocks begin in out
}

// here returns the place of the next write.
func (t *table) here() ref { return newRef(len(t.out), len(t.block)) }

func (t *table) write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), metadataSize-len(t.block))
		t.block = append(t.block, b[:n]...)
		if b = b[n:]; len(t.block) == metadataSize {
			t.flush()
		}
	}
}

// flush writes the current block.
func (t *table) flush() {
	if len(t.block) == 0 {
		return
	}
	t.starts = append(t.starts, len(t.out))
	data, plain := t.pack(t.block)
	head := uint16(len(data))
	if plain {
		head |= plainMetadata
	}
	t.out = append(binary.LittleEndian.AppendUint16(t.out, head), data...)
	t.block = t.block[:0]
}

// end returns the whole table.
func (t *table) end() ([]byte, error) {
	t.flush()
	if len(t.out) > math.MaxUint32 {
		return nil, errTooLarge
	}
	return t.out, nil
}

// indexed returns the entries of a table, to be written at an offset of the image, followed by the places of its blocks.
// The second result is the size of the part before these places.
func indexed(pack packer, entries []byte, at int64) ([]byte, int64) {
	t := table{pack: pack}
	t.write(entries)
	t.flush()
	size := int64(len(t.out))
	for _, start := range t.starts {
		t.out = binary.LittleEndian.AppendUint64(t.out, uint64(at+int64(start)))
	}
	return t.out, size
}
