package compress

import "hash/crc32"

// pieceSize is the size of a tar's blocks: data that is inserted into a tar, or removed, moves the rest by whole pieces.
const pieceSize = 512

// cut determines where blocks end: after the first piece of 512 bytes that starts at least min bytes after the block's
// start and whose CRC-32C has all bits of the mask zero, but after max bytes at the latest. A block's end thus follows
// from the block's content alone, and after an insertion the old ends soon reappear. All three are multiples of
// pieceSize, so that pieces and the blocks of a tar coincide.
type cut struct {
	min, max int
	mask     uint32
}

var (
	// gzipCut makes blocks of 512 KiB on average. The window of gzip is 32 KiB, so little is lost at the ends.
	gzipCut = cut{min: 256 << 10, max: 1 << 20, mask: 1<<9 - 1}
	// zstdCut makes blocks of 1 MiB on average: no match reaches beyond a block, and each needs its own tables.
	zstdCut = cut{min: 512 << 10, max: 2 << 20, mask: 1<<10 - 1}
	// zstdBestCut makes blocks of 2 MiB on average.
	zstdBestCut = cut{min: 1 << 20, max: 4 << 20, mask: 1<<11 - 1}
	// plainCut makes blocks of one size: unpacked blocks need no content-defined cuts.
	plainCut = cut{min: 512 << 10, max: 512 << 10}
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// find returns how much of data belongs to a block that already has have bytes, and whether the block ends there. All of
// the data except the stream's end consists of whole pieces.
func (c cut) find(have int, data []byte) (n int, whole bool) {
	data = data[:min(len(data), c.max-have)]
	for end := max(c.min-have, 0) + pieceSize; end <= len(data); end += pieceSize {
		if crc32.Checksum(data[end-pieceSize:end], castagnoli)&c.mask == 0 {
			return end, true
		}
	}
	return len(data), have+len(data) == c.max
}
