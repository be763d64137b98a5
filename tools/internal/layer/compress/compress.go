// Package compress packs a stream so that the packed bytes depend only on the stream, the codec, the level and
// [FormatVersion].
//
// The stream is cut into blocks by its content, and each block is packed on its own: its packed bytes depend on nothing
// outside it. The number of processors therefore affects only the speed, never the bytes; and a change of the stream
// changes only the packed form of the blocks it touches. Golden digests in the tests pin the bytes for each codec and
// level.
//
// Non-goals: unpacking, choosing a codec for a user.
package compress

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// FormatVersion identifies the byte format. It changes whenever the packed form of any stream does.
const FormatVersion = 3

// Format is a codec with a level.
type Format struct {
	Codec oci.Compression
	// Level is 1 to 9 for gzip, 1 to 19 for zstd, 0 for none. The library has four levels of zstd: 1-2, 3-5, 6-9 and
	// 10-19; the last one uses only one processor, to limit memory.
	Level int
}

// default and maximum levels
var levels = map[oci.Compression]struct{ preset, max int }{
	oci.Uncompressed: {0, 0},
	oci.Gzip:         {6, 9},
	oci.Zstd:         {3, 19},
}

// Parse returns the format for the codec and the level. Level 0 means the codec's default: 6 for gzip, 3 for zstd.
func Parse(codec oci.Compression, level int) (Format, error) {
	f := Format{codec, level}
	if level == 0 {
		f.Level = levels[f.Codec].preset
	}
	if err := f.check(); err != nil {
		return Format{}, err
	}
	return f, nil
}

func (f Format) check() error {
	known, ok := levels[f.Codec]
	switch {
	case !ok:
		return fmt.Errorf("compression %q: expected gzip, zstd or none", string(f.Codec))
	case f.Level != 0 && known.max == 0:
		return fmt.Errorf("compression %s takes no level, got %d", f.Codec, f.Level)
	case f.Level < min(1, known.max) || f.Level > known.max:
		return fmt.Errorf("compression %s: level %d: expected 0 (the default) to %d", f.Codec, f.Level, known.max)
	}
	return nil
}
