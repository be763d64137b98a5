package squashfs

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// content is where the content of a file is.
type content struct {
	blocks []spooled // the sizes are in the form of inodes; those of holes are 0
	piece  spooled   // instead, a file that is smaller than a block
	holes  int64     // bytes in holes
	sum    [sha256.Size]byte

	start            int64 // where the blocks are in the image
	fragment, offset uint32
}

// spooled is something in the spool.
type spooled struct {
	at   int64
	size uint32
}

// spool is a temporary file that is written sequentially, by any goroutine.
type spool struct {
	*os.File
	mu   sync.Mutex
	w    *bufio.Writer
	size int64
}

// newSpool creates a spool in a directory. It must be removed.
func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, ".rootfs.*.tmp")
	if err != nil {
		return nil, err
	}
	return &spool{File: f, w: bufio.NewWriterSize(f, 1<<20)}, nil
}

func (s *spool) remove() {
	s.Close() // its contents are no longer needed
	os.Remove(s.Name())
}

// add appends data, and returns its place.
func (s *spool) add(data []byte) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.size
	n, err := s.w.Write(data)
	s.size += int64(n)
	return at, err
}

// collect compresses the blocks of all files into a spool, and copies smaller files there.
func (m *Image) collect(ctx context.Context, fs *rootfs.FileSystem, s *spool, packers []packer) error {
	blocks := newPool(packers, func(data []byte, size uint32, to *spooled) error {
		at, err := s.add(data)
		*to = spooled{at, size}
		return err
	})
	want := func(f *rootfs.File) bool { return f.Size > 0 }
	err := fs.Contents(ctx, want, func(f *rootfs.File, r io.Reader) error {
		i := m.files[f]
		var sum hash.Hash
		if i.twin {
			sum = sha256.New()
			r = io.TeeReader(r, sum)
		}
		if err := i.data.read(r, f.Size, s, blocks); err != nil {
			return err
		}
		if i.twin {
			sum.Sum(i.data.sum[:0])
		}
		return blocks.err()
	})
	return cmp.Or(blocks.wait(), err, s.w.Flush())
}

// read reads a content of size bytes. Blocks of zeros become holes.
func (c *content) read(r io.Reader, size int64, s *spool, blocks *pool) error {
	c.blocks = make([]spooled, (size+blockSize-1)/blockSize)
	for n := range c.blocks {
		j := blocks.next()
		j.block = j.block[:min(blockSize, size-int64(n)*blockSize)]
		_, err := io.ReadFull(r, j.block)
		switch {
		case err != nil:
		case isZero(j.block):
			c.holes += int64(len(j.block))
		case size < blockSize:
			c.blocks, c.piece.size = nil, uint32(size)
			c.piece.at, err = s.add(j.block)
		default:
			blocks.send(j, &c.blocks[n])
			continue
		}
		blocks.unused(j)
		if err != nil {
			return err
		}
	}
	return nil
}

// isZero reports whether a block contains only zeros.
func isZero(b []byte) bool {
	for len(b) > rootfs.BlockSize {
		if !rootfs.IsZero(b[:rootfs.BlockSize]) {
			return false
		}
		b = b[rootfs.BlockSize:]
	}
	return rootfs.IsZero(b)
}
