package compress

import "sync/atomic"

// BufferSize is that of the buffers in which a stream is handed over: a multiple of the size of a tar's blocks.
const BufferSize = 256 << 10

// buffers hands out buffers and takes them back.
type buffers chan []byte

// newBuffers returns a pool that keeps so many unused buffers as are hardly ever in use at once.
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
	default: // there are enough
	}
}

// block is a piece of the stream on its way.
type block struct {
	parts  [][]byte      // its bytes, in the buffers that they came in, or all in joined
	joined []byte        // memory for the whole block, if the codec wants it in one part
	size   int           // how many bytes
	ending [][]byte      // the buffers that end in it: nobody needs them after it
	record *record       // what the cache will know of it, if there is one
	packed []byte        // its packed form, or nil if that is its parts
	space  []byte        // to pack into
	ready  chan struct{} // holds a token for each emit when it is packed
	users  atomic.Int32  // of hash and each emit, those that are not done with it
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

// ends is told that the last part was the end of a buffer of the pool's.
func (b *block) ends(buffer []byte, pool buffers) {
	if b.joined == nil {
		b.ending = append(b.ending, buffer)
	} else {
		pool.put(buffer)
	}
}

// reset makes the block an empty one, and gives back the buffers that end in it.
func (b *block) reset(pool buffers) {
	for _, buffer := range b.ending {
		pool.put(buffer)
	}
	clear(b.ending)
	clear(b.parts)
	b.parts, b.joined, b.size, b.ending, b.packed = b.parts[:0], b.joined[:0], 0, b.ending[:0], nil
}
