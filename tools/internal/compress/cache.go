package compress

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
)

// Cache remembers packed blocks, for as many writers as like to share it. A block that is found is not packed again:
// the bytes are those that packing would give.
//
// What makes place for a new block is any block, not the one that was not used for longest: streams are read from their
// start to their end, and of one that is a little larger than the cache nothing would ever be found.
type Cache struct {
	mu   sync.Mutex
	left int64 // bytes
	all  map[cacheKey][]byte
}

type cacheKey [sha256.Size]byte

// perBlock is what a block takes beside its bytes, roughly.
const perBlock = 200

// NewCache returns a cache for so many bytes of packed blocks.
func NewCache(size int64) *Cache {
	return &Cache{left: size, all: make(map[cacheKey][]byte)}
}

// pack returns the packed form of a block, which may be in the block's buffer or shared.
func (c *Cache) pack(f Format, b *block, pack func(packed, block []byte) []byte) []byte {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %d\n", f.Codec, f.Level)
	sum.Write(b.data)
	key := cacheKey(sum.Sum(nil))
	if packed, ok := c.get(key); ok {
		return packed
	}
	b.buffer = pack(b.buffer[:0], b.data)
	c.put(key, bytes.Clone(b.buffer))
	return b.buffer
}

func (c *Cache) get(key cacheKey) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	packed, ok := c.all[key]
	return packed, ok
}

func (c *Cache) put(key cacheKey, packed []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.all[key]; ok {
		return // another worker packed the same block
	}
	c.all[key] = packed
	c.left -= int64(len(packed)) + perBlock
	for key, packed := range c.all {
		if c.left >= 0 {
			break
		}
		delete(c.all, key)
		c.left += int64(len(packed)) + perBlock
	}
}
