package compress

import (
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// Ends are the outputs of a [Writer], and its cache.
type Ends struct {
	Packed []io.Writer // each gets the packed stream; it may be a [BlockWriter]
	// Plain gets the stream as written, at the same time as it is packed. It must not fail. It may be nil.
	Plain io.Writer
	// Cache knows blocks that were packed before. It may be nil.
	Cache *Cache
}

// BlockWriter is an end that uses the boundaries of blocks.
type BlockWriter interface {
	io.Writer
	// Block announces that the next bytes are a block whose unpacked form has size bytes. It refers to nothing before it.
	Block(size int)
}

// Writer packs the data written to it. Only one goroutine may use it, except for Buffer, and must end it with Close or
// Abort. It writes to each of its ends from a separate goroutine, in the order of the stream.
//
//	Write, Send: cut ──┬─> work: pack ──> emit: Packed ──┬─> the block is used again
//	                   └─> hash: Plain ──────────────────┘
type Writer struct {
	format  Format
	codec   codec
	ends    Ends
	buffers buffers
	tail    []byte        // written data that is not in a block yet: less than a buffer
	current *block        // the block that is not complete yet
	made    int           // blocks that exist
	limit   int           // how many may exist
	workers int           // how many goroutines may pack them
	free    chan *block   // blocks to reuse
	jobs    chan *block   // to work
	plain   chan *block   // to hash, in order
	packed  []chan *block // to emit, in order, for each writer
	ended   sync.WaitGroup
	failed  atomic.Pointer[error]
	closed  bool
	records []*record // the blocks, if there is a cache; filled in by work

	size uint64 // of the stream, with its CRC-32; owned by hash
	crc  uint32
}

var errAborted = errors.New("the stream was ended early")

// NewWriter returns a writer that packs the data written to it into the ends. Close ends the stream and leaves the ends
// open.
func (f Format) NewWriter(ends Ends) (*Writer, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	c := f.codec()
	workers := min(runtime.GOMAXPROCS(0), c.workers)
	// One block is being filled and one emitted; a third keeps workers busy while the stream stutters.
	limit := workers + 3
	w := &Writer{
		format: f, codec: c, ends: ends, buffers: newBuffers(), workers: workers, limit: limit, free: make(chan *block, limit),
		jobs: make(chan *block, limit), plain: make(chan *block, limit),
	}
	w.ended.Go(w.hash)
	for _, to := range ends.Packed {
		blocks := make(chan *block, limit)
		w.packed = append(w.packed, blocks)
		w.ended.Go(func() { w.emit(to, blocks) })
	}
	return w, nil
}

// Buffer returns an empty buffer of the capacity BufferSize, to be filled and passed to Send. Any goroutine may call
// it.
func (w *Writer) Buffer() []byte { return w.buffers.get() }

// Send adds the bytes of a buffer to the stream, which takes ownership of the buffer: nothing is copied. It may return
// the error of an earlier call.
func (w *Writer) Send(buffer []byte) error {
	if len(w.tail)%pieceSize != 0 || len(buffer)%pieceSize != 0 || len(buffer) < BufferSize/8 {
		// The pieces would be misaligned, or a whole buffer would be kept for a few bytes.
		_, err := w.Write(buffer)
		w.buffers.put(buffer)
		return err
	}
	w.flush()
	w.add(buffer)
	return w.err()
}

// Write implements io.Writer. It may return the error of an earlier call.
func (w *Writer) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if err := w.err(); err != nil {
			return written, err
		}
		if w.tail == nil {
			w.tail = w.buffers.get()
		}
		n := min(len(p)-written, BufferSize-len(w.tail))
		w.tail = append(w.tail, p[written:written+n]...)
		written += n
		if len(w.tail) == BufferSize {
			w.flush()
		}
	}
	return written, nil
}

// flush adds the data written so far.
func (w *Writer) flush() {
	if w.tail != nil {
		tail := w.tail
		w.tail = nil
		w.add(tail)
	}
}

// add cuts a buffer into blocks. All buffers except the stream's last hold whole pieces.
func (w *Writer) add(buffer []byte) {
	left := buffer
	for len(left) > 0 {
		if w.current == nil {
			w.current = w.take()
		}
		b := w.current
		n, whole := w.codec.cut.find(b.size, left)
		b.add(left[:n])
		left = left[n:]
		if len(left) == 0 {
			b.ends(buffer, w.buffers)
		}
		if whole {
			w.current = nil
			w.send(b)
		}
	}
}

func (w *Writer) send(b *block) {
	if w.ends.Cache != nil {
		b.record = new(record)
		w.records = append(w.records, b.record)
	}
	b.users.Store(int32(1 + len(w.packed)))
	w.plain <- b
	for _, blocks := range w.packed {
		blocks <- b
	}
	if w.codec.packer == nil {
		w.announce(b)
	} else {
		w.jobs <- b
	}
}

// take returns an empty block. It waits for one if all allowed blocks are in use.
func (w *Writer) take() *block {
	if w.made == w.limit {
		return <-w.free
	}
	select {
	case b := <-w.free:
		return b
	default:
		w.made++
		if w.made <= w.workers { // a small layer does not start threads that have nothing to do
			go w.work()
		}
		b := &block{ready: make(chan struct{}, len(w.packed))}
		if w.codec.joins {
			b.joined = make([]byte, 0, w.codec.cut.max)
		}
		return b
	}
}

// announce signals each emit that the block is packed.
func (w *Writer) announce(b *block) {
	for range w.packed {
		b.ready <- struct{}{}
	}
}

// release is called by hash and by each emit when it is done with a block.
func (w *Writer) release(b *block) {
	if b.users.Add(-1) > 0 {
		return
	}
	b.reset(w.buffers)
	w.free <- b
}

// Close ends the stream, once.
func (w *Writer) Close() error {
	if !w.closed {
		w.closed = true
		w.flush()
		if w.current != nil {
			w.send(w.current)
		}
		close(w.jobs)
		close(w.plain)
		for _, blocks := range w.packed {
			close(blocks)
		}
		w.ended.Wait()
		for _, to := range w.ends.Packed {
			w.write(to, w.codec.tail(w.crc, w.size))
		}
	}
	return w.err()
}

// Abort ends the stream immediately: blocks in progress are dropped. After Close it does nothing.
func (w *Writer) Abort() {
	if !w.closed {
		w.fail(errAborted)
		w.Close()
	}
}

func (w *Writer) err() error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// fail keeps the first error. Blocks still pass through, but are not processed.
func (w *Writer) fail(err error) {
	if err != nil {
		w.failed.CompareAndSwap(nil, &err)
	}
}

// work packs blocks. It allocates its packer for the first one: a small stream keeps only one worker busy.
func (w *Writer) work() {
	var pack packer
	for b := range w.jobs {
		if pack == nil {
			var err error
			if pack, err = w.codec.packer(); err != nil {
				w.fail(err)
			}
		}
		if w.err() == nil {
			w.pack(b, pack)
		}
		w.announce(b)
	}
}

func (w *Writer) pack(b *block, pack packer) {
	if b.space == nil {
		size := w.codec.cut.max
		if b.size < w.codec.cut.min { // the last block of the stream, which nothing follows in this memory
			size = b.size
		}
		b.space = make([]byte, 0, size+size/64+1<<10) // incompressible data grows a little
	}
	if w.ends.Cache == nil {
		b.space = pack(b.space[:0], b.parts)
	} else {
		b.space, *b.record = w.ends.Cache.pack(w.format, b.space[:0], b.parts, pack)
	}
	b.packed = b.space
}

// hash passes on the stream unpacked.
func (w *Writer) hash() {
	for b := range w.plain {
		if w.err() == nil {
			w.see(b)
		}
		w.release(b)
	}
}

func (w *Writer) see(b *block) {
	for _, part := range b.parts {
		if w.ends.Plain != nil {
			w.ends.Plain.Write(part)
		}
		if w.codec.crc {
			w.crc = crc32.Update(w.crc, crc32.IEEETable, part)
		}
		w.size += uint64(len(part))
	}
}

// emit writes the stream's packed form, except for its end.
func (w *Writer) emit(to io.Writer, blocks <-chan *block) {
	w.write(to, w.codec.head)
	marked, _ := to.(BlockWriter)
	for b := range blocks {
		<-b.ready
		if marked != nil && w.err() == nil {
			marked.Block(b.size)
		}
		if w.codec.packer != nil {
			w.write(to, b.packed)
		} else {
			for _, part := range b.parts {
				w.write(to, part)
			}
		}
		w.release(b)
	}
}

func (w *Writer) write(to io.Writer, p []byte) {
	if w.err() == nil && len(p) > 0 {
		_, err := to.Write(p)
		w.fail(err)
	}
}
