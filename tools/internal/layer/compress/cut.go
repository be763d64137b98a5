package compress

import "hash/crc32"

// pieceSize is that of a tar's blocks: what is put into a tar, or taken out, moves the rest by whole pieces.
const pieceSize = 512

// cut says where blocks end: after the first piece of 512 bytes that starts min bytes after the block's start or later
// and whose CRC-32C has the mask's bits all zero, but after max bytes at the latest. So a block's end follows from the block's
// content alone, and behind an insertion the old ends are soon found again. All three are multiples of pieceSize, so
// that the pieces of a tar's blocks are the tar's.
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
	// plainCut makes blocks of one size: what is not packed needs no cuts.
	plainCut = cut{min: 512 << 10, max: 512 << 10}
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// find returns how much of data belongs to a block of which have bytes came before, and whether the block ends there. All
// of them but the stream's end are whole pieces.
func (c cut) find(have int, data []byte) (n int, whole bool) {
	data = data[:min(len(data), c.max-have)]
	for end := max(c.min-have, 0) + pieceSize; end <= len(data); end += pieceSize {
		if crc32.Checksum(data[end-pieceSize:end], castagnoli)&c.mask == 0 {
			return end, true
		}
	}
	return len(data), have+len(data) == c.max
}
