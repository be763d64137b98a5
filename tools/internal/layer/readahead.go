package layer

import (
	"context"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// The bounds of reading ahead: at most maxRuns+2 runs of entries are under way or ready, one of them being consumed,
// each with at most maxChunks+1 buffers of 256 KiB: 12.5 MiB.
const (
	readers   = 8  // goroutines that read files; more than processors, for they may wait for a disk
	runLength = 64 // entries in a run
	maxRuns   = 8  // that wait for the consumer
	maxChunks = 4  // buffers that wait in a run
)

// run is a number of consecutive entries whose part of the tar one goroutine makes. A run that the consumer has reached
// streams through; later ones stop when their chunks are full.
type run struct {
	entries []*tree.Entry
	chunks  chan []byte // pieces of the tar; closed at the end of the run
	err     error       // why the run ended early; valid once chunks is closed
}

// readAhead starts the readers and returns the runs in order; their chunks are what buffer gives. If ctx is done, the
// remaining runs end early or are left out.
func readAhead(ctx context.Context, buffer func() []byte, entries []*tree.Entry, programs *programs) <-chan *run {
	ordered := make(chan *run, maxRuns)
	work := make(chan *run)
	for range readers {
		go func() {
			for r := range work {
				m := maker{ctx: ctx, buffer: buffer, out: r.chunks, programs: programs}
				r.err = m.run(r.entries)
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
			work <- r // some reader takes it: the consumer drains earlier runs, and a done ctx ends them
		}
	}()
	return ordered
}
