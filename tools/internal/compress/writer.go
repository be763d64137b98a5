package compress

import (
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"sync/atomic"
)

// Ends are what a [Writer] is connected to.
type Ends struct {
	Packed io.Writer // gets the packed stream
	// Plain gets the stream as it was written, block by block, at the same time as it is packed. It must not fail. It may
	// be nil.
	Plain io.Writer
	// Cache knows blocks that were packed before. It may be nil.
	Cache *Cache
}

// Writer packs what is written to it. It is for one goroutine, and must be ended by Close or Abort. It writes to each
// of its ends from one goroutine of its own, in the order of the stream.
//
//	Write: copy, cut ──┬─> workers: pack ──┬─> emit: Packed, then the block is used again
//	                   └─> hash: Plain ────┘
type Writer struct {
	format  Format
	codec   codec
	ends    Ends
	current *block
	made    int         // blocks that exist
	limit   int         // how many may exist
	free    chan *block // blocks to use again
	jobs    chan *block // to the workers
	plain   chan *block // to hash, in order
	packed  chan *block // to emit, in order
	done    chan struct{}
	failed  atomic.Pointer[error]
	closed  bool
}

// block is a piece of the stream on its way. The channels hold a token when the work is done.
type block struct {
	data   []byte
	packed []byte // may be shared, or be data itself
	buffer []byte // to pack into
	ready  chan struct{}
	hashed chan struct{}
}

var errAborted = errors.New("the stream was ended early")

// NewWriter returns a writer that packs into the ends what is written to it. Close ends the stream and leaves the ends
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
		format: f, codec: c, ends: ends, limit: limit, free: make(chan *block, limit), jobs: make(chan *block, limit),
		plain: make(chan *block, limit), packed: make(chan *block, limit), done: make(chan struct{}),
	}
	for range workers {
		go w.work()
	}
	go w.hash()
	go w.emit()
	return w, nil
}

// stride bounds how much of a write is looked at, and so how much of it may have to move to the next block.
const stride = 16 << 10

// Write implements io.Writer. It keeps no bytes of p. The error may be that of an earlier write.
func (w *Writer) Write(p []byte) (int, error) {
	left := p
	for len(left) > 0 {
		if err := w.err(); err != nil {
			return len(p) - len(left), err
		}
		if w.current == nil {
			w.current = w.take()
		}
		b := w.current
		seen := len(b.data)
		n := min(max(w.codec.cut.min-seen, stride), w.codec.cut.max-seen, len(left))
		b.data = append(b.data, left[:n]...)
		left = left[n:]
		if end := w.codec.cut.find(b.data, seen); end > 0 {
			w.split(end)
		}
	}
	return len(p), nil
}

// split sends the current block's first end bytes on their way, and starts another block with the rest.
func (w *Writer) split(end int) {
	b := w.current
	w.current = nil
	if end < len(b.data) {
		w.current = w.take()
		w.current.data = append(w.current.data, b.data[end:]...)
		b.data = b.data[:end]
	}
	w.send(b)
}

func (w *Writer) send(b *block) {
	w.plain <- b
	w.packed <- b
	if w.codec.packer == nil {
		b.packed = b.data
		b.ready <- struct{}{}
		return
	}
	w.jobs <- b
}

// take returns an empty block. It waits for one if all that may exist are on their way.
func (w *Writer) take() *block {
	select {
	case b := <-w.free:
		return b
	default:
	}
	if w.made == w.limit {
		return <-w.free
	}
	w.made++
	b := &block{
		data:  make([]byte, 0, w.codec.cut.max),
		ready: make(chan struct{}, 1), hashed: make(chan struct{}, 1),
	}
	if w.codec.packer != nil {
		// What cannot be packed grows a little. Memory that is not touched costs nothing.
		b.buffer = make([]byte, 0, w.codec.cut.max+w.codec.cut.max/64)
	}
	return b
}

// Close ends the stream, once.
func (w *Writer) Close() error {
	if !w.closed {
		w.closed = true
		if w.current != nil {
			w.send(w.current)
		}
		close(w.jobs)
		close(w.plain)
		close(w.packed)
		<-w.done
	}
	return w.err()
}

// Abort ends the stream where it is: what is on its way is dropped. After Close it does nothing.
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

// fail keeps the first error. Blocks still pass through, but nothing is done with them.
func (w *Writer) fail(err error) {
	if err != nil {
		w.failed.CompareAndSwap(nil, &err)
	}
}

// work packs blocks. What it needs for that is made for the first one: a small stream keeps one worker busy.
func (w *Writer) work() {
	var pack func(packed, block []byte) []byte
	for b := range w.jobs {
		if pack == nil {
			var err error
			if pack, err = w.codec.packer(); err != nil {
				w.fail(err)
			}
		}
		if w.err() == nil {
			b.packed = w.pack(b, pack)
		}
		b.ready <- struct{}{}
	}
}

func (w *Writer) pack(b *block, pack func(packed, block []byte) []byte) []byte {
	if w.ends.Cache != nil {
		return w.ends.Cache.pack(w.format, b, pack)
	}
	b.buffer = pack(b.buffer[:0], b.data)
	return b.buffer
}

func (w *Writer) hash() {
	for b := range w.plain {
		if w.ends.Plain != nil && w.err() == nil {
			w.ends.Plain.Write(b.data)
		}
		b.hashed <- struct{}{}
	}
}

// emit writes the stream's packed form.
func (w *Writer) emit() {
	defer close(w.done)
	var crc uint32
	var size uint64
	w.write(w.codec.head)
	for b := range w.packed {
		<-b.ready
		w.write(b.packed)
		if w.format.Codec == Gzip {
			crc = crc32.Update(crc, crc32.IEEETable, b.data)
		}
		size += uint64(len(b.data))
		<-b.hashed
		b.data, b.packed = b.data[:0], nil
		w.free <- b
	}
	w.write(w.codec.tail(crc, size))
}

func (w *Writer) write(p []byte) {
	if w.err() == nil && len(p) > 0 {
		_, err := w.ends.Packed.Write(p)
		w.fail(err)
	}
}
