package compress

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sync"
)

// Cache remembers where packed blocks are in files that writers wrote before. Any number of writers may share it. A block
// that is found is read from there instead of being packed again; the bytes are the same.
//
// The files are kept open, so that they can be read after others have replaced or removed them. A block takes about 150
// bytes of memory.
type Cache struct {
	mu     sync.RWMutex
	most   int     // files
	files  []*kept // the oldest first
	blocks map[key]place
}

// kept is a file with packed blocks.
type kept struct {
	*os.File
	path string
	keys []key
}

// key identifies the input of a packed block.
type key [sha256.Size]byte

// record is a cache's record of a packed block.
type record struct {
	key  key
	size int
	sum  uint32 // CRC-32C, because the file may have changed
}

// place is where a packed block is.
type place struct {
	record
	file *kept
	at   int64
}

// NewCache returns a cache that keeps at most the given number of files open.
func NewCache(files int) *Cache {
	return &Cache{most: files, blocks: make(map[key]place)}
}

// pack appends the packed form of a block to an empty slice.
func (c *Cache) pack(f Format, space []byte, parts [][]byte, pack packer) ([]byte, record) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %d\n", f.Codec, f.Level)
	for _, part := range parts {
		sum.Write(part)
	}
	key := key(sum.Sum(nil))
	if packed, r, ok := c.read(key, space); ok {
		return packed, r
	}
	packed := pack(space, parts)
	return packed, record{key, len(packed), crc32.Checksum(packed, castagnoli)}
}

// read returns the block with the key in the slice, which must be empty, or reports that it is not available.
func (c *Cache) read(key key, space []byte) ([]byte, record, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.blocks[key]
	if !ok || p.size > cap(space) {
		return nil, record{}, false
	}
	space = space[:p.size]
	if _, err := p.file.ReadAt(space, p.at); err != nil || crc32.Checksum(space, castagnoli) != p.sum {
		return nil, record{}, false
	}
	return space, p.record, true
}

// Keep remembers the blocks that w, which must be closed, wrote to the file at path. Blocks of another file with that
// path are forgotten. A file that cannot be opened is not kept.
func (c *Cache) Keep(path string, w *Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.files, func(f *kept) bool { return f.path == path }); i >= 0 {
		c.forget(i)
	}
	file, err := os.Open(path)
	if err != nil {
		return
	}
	f := &kept{File: file, path: path}
	at := int64(len(w.codec.head))
	for _, r := range w.records {
		f.keys = append(f.keys, r.key)
		c.blocks[r.key] = place{*r, f, at}
		at += int64(r.size)
	}
	c.files = append(c.files, f)
	if len(c.files) > c.most {
		c.forget(0)
	}
}

// forget closes a file. Blocks that a later file also has remain available.
func (c *Cache) forget(i int) {
	f := c.files[i]
	for _, key := range f.keys {
		if c.blocks[key].file == f {
			delete(c.blocks, key)
		}
	}
	f.Close() // it was only read from
	c.files = slices.Delete(c.files, i, i+1)
}
