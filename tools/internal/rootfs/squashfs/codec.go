package squashfs

import (
	"bytes"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// codec is a compression.
type codec struct {
	number  uint16 // in the superblock
	workers int    // how many packers run at most, which bounds the memory on machines with many processors
	packer  func() (packer, error)
}

// packers returns a packer for each processor, or as many as the codec allows.
func (c codec) packers() ([]packer, error) {
	all := make([]packer, min(runtime.GOMAXPROCS(0), c.workers))
	for i := range all {
		var err error
		if all[i], err = c.packer(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// packer returns a block in compressed form, or unchanged, with plain = true, if that is not smaller. The result is valid
// until the next call. It is for one goroutine.
type packer func(block []byte) (data []byte, plain bool)

func newCodec(f compress.Format) (codec, error) {
	switch f.Codec {
	case oci.Gzip:
		return codec{1, 12, func() (packer, error) { return newZlib(f.Level) }}, nil
	case oci.Zstd:
		speed, workers := zstd.EncoderLevelFromZstd(f.Level), 12
		if speed == zstd.SpeedBestCompression {
			workers = 3 // a packer then needs 50 MB
		}
		return codec{6, workers, func() (packer, error) { return newZstd(speed) }}, nil
	}
	return codec{}, fmt.Errorf("compression %s: SquashFS has gzip and zstd only", f.Codec)
}

func newZlib(level int) (packer, error) {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		return nil, err
	}
	return func(block []byte) ([]byte, bool) {
		out.Reset()
		z.Reset(&out)
		z.Write(block) // a buffer never fails
		z.Close()
		return smaller(out.Bytes(), block)
	}, nil
}

// newZstd returns a packer for frames that the kernel can read, whose windows are not larger than a block.
func newZstd(speed zstd.EncoderLevel) (packer, error) {
	z, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(speed),
		zstd.WithWindowSize(blockSize),
		zstd.WithSingleSegment(true),
		zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true),
		zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	var out []byte
	return func(block []byte) ([]byte, bool) {
		out = z.EncodeAll(block, out[:0])
		return smaller(out, block)
	}, nil
}

// smaller returns the packed form of a block if it is smaller, or otherwise the block.
func smaller(packed, block []byte) ([]byte, bool) {
	if len(packed) < len(block) {
		return packed, false
	}
	return block, true
}
