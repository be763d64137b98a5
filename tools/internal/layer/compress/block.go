package compress

import "sync/atomic"

// BufferSize is the size of the buffers in which a stream is passed on: a multiple of the size of a tar's blocks.
const BufferSize = 256 << 10

// buffers is a pool of buffers.
type buffers chan []byte

// newBuffers returns a pool that keeps as many unused buffers as are likely to be in use at once.
func newBuffers() buffers { return make(buffers, 128) }

func (b buffers) get() []byte {
	select {
	case used := <-b:
		return used
	default:
		return make([]byte, 0, BufferSize)
	}
}

func (b buffers) put(used []byte) {
	select {
	case b <- used[:0]:
	default: // the pool is full
	}
}

// block is a part of the stream on its way through the writer.
type block struct {
	parts  [][]byte      // its bytes, in the buffers that they came in, or all in joined
	joined []byte        // memory for the whole block, if the codec needs it in one part
	size   int           // how many bytes
	ending [][]byte      // the buffers that end in it: not needed after it
	record *record       // the cache's record of it, if there is a cache
	packed []byte        // its packed form, or nil if parts is its packed form
	space  []byte        // memory for the packed form
	ready  chan struct{} // holds a token for each emit when it is packed
	users  atomic.Int32  // how many of hash and the emits still use it
}

// add adds a part.
func (b *block) add(part []byte) {
	if b.joined == nil {
		b.parts = append(b.parts, part)
	} else {
		b.joined = append(b.joined, part...)
		b.parts = append(b.parts[:0], b.joined)
	}
	b.size += len(part)
}

// ends notes that the last part was the end of a buffer from the pool.
func (b *block) ends(buffer []byte, pool buffers) {
	if b.joined == nil {
		b.ending = append(b.ending, buffer)
	} else {
		pool.put(buffer)
	}
}

// reset empties the block, and returns the buffers that end in it.
func (b *block) reset(pool buffers) {
	for _, buffer := range b.ending {
		pool.put(buffer)
	}
	clear(b.ending)
	clear(b.parts)
	b.parts, b.joined, b.size, b.ending, b.packed = b.parts[:0], b.joined[:0], 0, b.ending[:0], nil
}
