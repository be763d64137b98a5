// Package compress packs a stream so that the packed bytes depend on nothing but the stream, the codec, the level and
// [FormatVersion].
//
// The number of processors decides how fast the bytes come, never which: blocks are cut at fixed places, and what one
// block's bytes depend on is fixed with them. Golden digests in the tests pin the bytes for each codec and level.
//
// Non-goals: unpacking, choosing a codec for a user.
package compress

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
)

// FormatVersion names the byte format. It changes whenever the packed form of any stream does.
const FormatVersion = 1

// Codec is a way to pack bytes. The values are those of the rules' attribute.
type Codec string

// The codecs.
const (
	None Codec = "none"
	Gzip Codec = "gzip" // RFC 1952
	Zstd Codec = "zstd" // RFC 8878
)

// Format is a codec with a level.
type Format struct {
	Codec Codec
	// Level is 1 to 9 for gzip, 1 to 19 for zstd, 0 for none. The library knows four levels of zstd: 1-2, 3-5, 6-9 and
	// 10-19, of which the last needs some 200 MB of memory, all others less than 100.
	Level int
}

// defaults and maxima of the levels
var levels = map[Codec]struct{ preset, max int }{
	None: {0, 0},
	Gzip: {6, 9},
	Zstd: {3, 19},
}

// Parse returns the format of the codec and the level. Level 0 stands for the codec's default: 6 for gzip, 3 for zstd.
func Parse(codec string, level int) (Format, error) {
	known, ok := levels[Codec(codec)]
	switch {
	case !ok:
		return Format{}, fmt.Errorf("compression %q: expected gzip, zstd or none", codec)
	case level == 0:
		level = known.preset
	case known.max == 0:
		return Format{}, fmt.Errorf("compression %s: level %d: it has no levels", codec, level)
	case level < 0 || level > known.max:
		return Format{}, fmt.Errorf("compression %s: level %d: expected 0 (the default) to %d", codec, level, known.max)
	}
	return Format{Codec(codec), level}, nil
}

// NewWriter returns a writer that packs into w what is written to it. Close ends the stream and leaves w open. The
// writer keeps no bytes of a caller's slice after Write returns, and writes to w from other goroutines, one at a time.
func (f Format) NewWriter(w io.Writer) (io.WriteCloser, error) {
	switch f.Codec {
	case Gzip:
		return newGzip(w, f.Level)
	case Zstd:
		return newZstd(w, f.Level)
	}
	return nopCloser{w}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

const (
	// gzipBlock is the size of the pieces that gzip packs on their own, each with the 16 KiB before it as a dictionary.
	gzipBlock = 1 << 20
	// maxBlocks bounds the memory on large machines. Hashing the unpacked stream, one core's work, feeds no more than
	// this.
	maxBlocks = 12
)

func newGzip(w io.Writer, level int) (io.WriteCloser, error) {
	z, err := pgzip.NewWriterLevel(w, level)
	if err != nil {
		return nil, err
	}
	z.ModTime = time.Unix(0, 0) // the header's "no time stamp"; pgzip's zero value is another number
	return z, z.SetConcurrency(gzipBlock, min(runtime.GOMAXPROCS(0)+2, maxBlocks))
}

const (
	// zstdWindow is how far back a match may be. The library cuts the stream into jobs of four windows, several of which
	// are in memory for each one that is worked at: a larger window gives a little (1 MiB: 1.5% of a Go installation) and
	// costs much (25 MB).
	zstdWindow = 512 << 10
	// zstdJobs is a constant, because with one job the library writes other bytes than with several.
	zstdJobs = 4
)

func newZstd(w io.Writer, level int) (io.WriteCloser, error) {
	return zstd.NewWriter(w,
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)),
		zstd.WithWindowSize(zstdWindow),
		zstd.WithConcurrentBlocks(true),
		zstd.WithEncoderConcurrency(zstdJobs),
		zstd.WithEncoderCRC(true))
}
