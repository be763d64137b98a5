package compress

import (
	"encoding/binary"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// codec defines how a format packs blocks, and what precedes and follows them.
type codec struct {
	cut cut
	// workers is the maximum number of processors that pack blocks. It bounds the memory on large machines; one processor
	// hashes the stream, and cannot feed more.
	workers int
	// packer returns a packer for one worker. It is nil if the blocks stay unpacked.
	packer func() (packer, error)
	joins  bool // whether packers need a block in one part
	head   []byte
	// tail returns the end of a stream of the given size and CRC-32, which is 0 unless crc is true.
	tail func(crc uint32, size uint64) []byte
	crc  bool
}

// packer appends the packed form of a block, which is given in parts, to a slice.
type packer func(packed []byte, parts [][]byte) []byte

func (f Format) codec() codec {
	switch f.Codec {
	case oci.Gzip:
		return gzipCodec(f.Level)
	case oci.Zstd:
		return zstdCodec(f.Level)
	}
	return codec{cut: plainCut, tail: func(uint32, uint64) []byte { return nil }}
}

// gzipCodec makes one member (RFC 1952): a block is a number of deflate blocks and ends with a sync flush, on a byte
// boundary.
func gzipCodec(level int) codec {
	// No flags, no time, unknown system.
	head := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	switch level {
	case flate.BestSpeed:
		head[8] = 4
	case flate.BestCompression:
		head[8] = 2
	}
	return codec{cut: gzipCut, workers: 12, packer: deflater(level), head: head, tail: gzipTail, crc: true}
}

// gzipTail is the shortest last block, which is empty, followed by the member's end.
func gzipTail(crc uint32, size uint64) []byte {
	tail := []byte{3, 0}
	tail = binary.LittleEndian.AppendUint32(tail, crc)
	return binary.LittleEndian.AppendUint32(tail, uint32(size))
}

func deflater(level int) func() (packer, error) {
	return func() (packer, error) {
		deflate, err := deflateAt(level)
		if err != nil {
			return nil, err
		}
		var encode packer // made for the first block that needs it
		var other []byte
		return func(packed []byte, parts [][]byte) []byte {
			before, size := len(packed), 0
			for _, part := range parts {
				size += len(part)
			}
			packed = deflate(packed, parts)
			if len(packed)-before < size-size/16 {
				return packed
			}
			// The library stores data without repetitions unpacked. Some of it has few distinct characters, like base64.
			if encode == nil {
				encode, _ = deflateAt(flate.HuffmanOnly) // only an unknown level is an error
			}
			if other = encode(other[:0], parts); len(other) < len(packed)-before {
				return append(packed[:before], other...)
			}
			return packed
		}, nil
	}
}

// deflateAt returns a packer that appends the deflated form of a block, up to a byte boundary, to a slice.
func deflateAt(level int) (packer, error) {
	var out appender
	z, err := flate.NewWriter(&out, level)
	if err != nil {
		return nil, err
	}
	return func(packed []byte, parts [][]byte) []byte {
		out = packed
		z.Reset(&out)
		for _, part := range parts {
			z.Write(part) // only a failure of out makes it fail
		}
		z.Flush()
		return out
	}, nil
}

// appender is a writer that appends to itself. It never fails.
type appender []byte

func (a *appender) Write(p []byte) (int, error) {
	*a = append(*a, p...)
	return len(p), nil
}

// zstdEmpty is an empty frame (RFC 8878, section 3.1.1): a single segment with a size of 0 in one byte, and a last raw
// block of 0 bytes.
var zstdEmpty = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0}

// zstdCodec makes a frame from each block: consecutive frames form a stream.
func zstdCodec(level int) codec {
	c := codec{cut: zstdCut, workers: 5, joins: true}
	speed := zstd.EncoderLevelFromZstd(level)
	if speed == zstd.SpeedBestCompression {
		// A worker then has tables of 34 MB. One worker with larger blocks stays within the allowed memory, and compresses
		// better.
		c.cut, c.workers = zstdBestCut, 1
	}
	window := c.cut.max
	c.packer = func() (packer, error) {
		z, err := zstd.NewWriter(nil,
			zstd.WithEncoderLevel(speed),
			zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true),          // no block is larger than the window, so there is no history to keep
			zstd.WithAllLitEntropyCompression(true), // as for gzip: few distinct characters, no repetitions
			zstd.WithEncoderCRC(true))
		if err != nil {
			return nil, err
		}
		return func(packed []byte, parts [][]byte) []byte { return z.EncodeAll(parts[0], packed) }, nil
	}
	c.tail = func(_ uint32, size uint64) []byte {
		if size == 0 {
			return zstdEmpty
		}
		return nil
	}
	return c
}
