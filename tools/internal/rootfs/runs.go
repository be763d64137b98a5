package rootfs

import (
	"bytes"
	"io"
)

// BlockSize is the unit in which holes of files are found, in bytes.
const BlockSize = 4096

// runCost is the memory for a Run, in bytes. Slices that grow use twice as much.
const runCost = 32

// Run is a part of a file's content.
type Run struct{ Offset, Size int64 }

var zeros [BlockSize]byte

// IsZero reports whether b, of at most BlockSize bytes, contains only zeros.
func IsZero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }

// Runs returns the parts of a regular file between its holes, in ascending order. A hole is a block of BlockSize bytes, or
// the last and shorter one, that contains only zeros. All runs start at a multiple of BlockSize.
func (f *File) Runs() []Run {
	if f.Size > 0 && f.runs == nil {
		return []Run{{0, f.Size}}
	}
	return f.runs
}

// scan finds the holes of a content of size bytes. The result is nil if it has none. spend is called for each run.
func scan(r io.Reader, size int64, block []byte, spend func(bytes int) error) ([]Run, error) {
	runs := []Run{}
	for at := int64(0); at < size; at += BlockSize {
		b := block[:min(BlockSize, size-at)]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		if IsZero(b) {
			continue
		}
		if last := len(runs) - 1; last >= 0 && runs[last].Offset+runs[last].Size == at {
			runs[last].Size += int64(len(b))
			continue
		}
		if err := spend(runCost); err != nil {
			return nil, err
		}
		runs = append(runs, Run{at, int64(len(b))})
	}
	if len(runs) == 1 && runs[0].Size == size {
		return nil, nil
	}
	return runs, nil
}
