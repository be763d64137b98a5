package layer

import (
	"context"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/layer/ztoc"
)

// The bounds of reading ahead: at most maxRuns+2 runs of entries are in progress or ready, including the one being
// consumed, each with at most maxChunks+1 buffers of 256 KiB: 12.5 MiB.
const (
	readers   = 8  // goroutines that read files; more than processors, because they may wait for a disk
	runLength = 64 // entries in a run
	maxRuns   = 8  // runs that wait for the consumer
	maxChunks = 4  // buffers that wait in a run
)

// run is a sequence of entries whose part of the tar one goroutine makes. A run that the consumer has reached streams
// through; later ones stop when their chunks are full.
type run struct {
	entries []*tree.Entry
	chunks  chan []byte // pieces of the tar; closed at the end of the run
	// These are valid once chunks is closed.
	err    error        // why the run ended early
	listed []ztoc.Entry // the entries as a zTOC lists them, if requested
}

// readAhead starts the readers and returns the runs in order; their chunks come from buffer. If ctx is done, the
// remaining runs end early or are left out.
func readAhead(
	ctx context.Context, buffer func() []byte, entries []*tree.Entry, found *programs, list bool,
) <-chan *run {
	ordered := make(chan *run, maxRuns)
	work := make(chan *run)
	for range min(readers, (len(entries)+runLength-1)/runLength) {
		go func() {
			for r := range work {
				m := maker{ctx: ctx, buffer: buffer, out: r.chunks, programs: found, list: list}
				r.err = m.run(r.entries)
				r.listed = m.listed
				close(r.chunks)
			}
		}()
	}
	go func() {
		defer close(ordered)
		defer close(work)
		for part := range slices.Chunk(entries, runLength) {
			r := &run{entries: part, chunks: make(chan []byte, maxChunks)}
			select {
			case ordered <- r:
			case <-ctx.Done():
				return
			}
			work <- r // a reader takes it: the consumer drains earlier runs, and a done ctx ends them
		}
	}()
	return ordered
}
