package squashfs

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	magic          = 0x73717368
	superblockSize = 96
	// absent is the place of a table that the image lacks.
	absent = math.MaxUint64
	// padTo is the unit to which the image is padded, for loop devices and drives.
	padTo = 4096
)

// Features of an image, in its superblock.
const (
	featureShared   = 0x40 // files with equal contents share them
	featureExport   = 0x80
	featureNoXattrs = 0x200
)

// writer writes an image.
type writer struct {
	*Image
	spool     *spool
	out       *bufio.Writer
	at        int64  // bytes written
	fragments []byte // the entries of the table of fragments
	packers   []packer
	pack      packer // of metadata
}

// Write writes the image to a file, which must be empty. It needs a temporary file in the same directory.
func (m *Image) Write(ctx context.Context, fs *rootfs.FileSystem, file *os.File) error {
	spool, err := newSpool(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	defer spool.remove()
	packers, err := m.codec.packers()
	if err != nil {
		return err
	}
	if err := m.collect(ctx, fs, spool, packers); err != nil {
		return err
	}
	w := &writer{Image: m, spool: spool, out: bufio.NewWriterSize(file, 1<<20), packers: packers, pack: packers[0]}
	if err := w.write(make([]byte, superblockSize)); err != nil {
		return err
	}
	if err := w.contents(); err != nil {
		return err
	}
	superblock, err := w.metadata()
	if err := cmp.Or(err, w.out.Flush()); err != nil {
		return err
	}
	if _, err := file.WriteAt(superblock, 0); err != nil {
		return err
	}
	return file.Truncate(disk.Align(w.at, padTo))
}

func (w *writer) write(b []byte) error {
	n, err := w.out.Write(b)
	w.at += int64(n)
	return err
}

// contents writes the blocks of all files, and then the fragments.
func (w *writer) contents() error {
	type key struct {
		sum  [sha256.Size]byte
		size int64
	}
	known := make(map[key]*inode)
	var shared, pieces []*inode
	for _, i := range w.inodes {
		if i.Kind != tree.File || i.Size == 0 {
			continue
		}
		if key := (key{i.data.sum, i.Size}); i.twin && known[key] == nil {
			known[key] = i
		} else if i.twin {
			shared = append(shared, i)
			continue
		}
		if err := w.blocks(&i.data); err != nil {
			return err
		}
		if i.data.piece.size > 0 {
			pieces = append(pieces, i)
		}
	}
	if err := w.pieces(pieces); err != nil {
		return err
	}
	for _, i := range shared {
		i.data = known[key{i.data.sum, i.Size}].data
	}
	return nil
}

// blocks copies the blocks of a content.
func (w *writer) blocks(c *content) error {
	for _, b := range c.blocks {
		if b.size == 0 {
			continue
		}
		if c.start == 0 {
			c.start = w.at
		}
		n, err := io.Copy(w.out, io.NewSectionReader(w.spool, b.at, int64(b.size&^plainBlock)))
		w.at += n
		if err != nil {
			return err
		}
	}
	return nil
}

// pieces writes files that are smaller than a block, several in a fragment.
func (w *writer) pieces(files []*inode) error {
	fragments := newPool(w.packers, func(data []byte, size uint32, _ *spooled) error {
		w.fragments = binary.LittleEndian.AppendUint64(w.fragments, uint64(w.at))
		w.fragments = binary.LittleEndian.AppendUint32(w.fragments, size)
		w.fragments = binary.LittleEndian.AppendUint32(w.fragments, 0)
		return w.write(data)
	})
	err := w.sendPieces(files, fragments)
	return cmp.Or(fragments.wait(), err)
}

func (w *writer) sendPieces(files []*inode, fragments *pool) error {
	number := uint32(0)
	j := fragments.next()
	for _, i := range files {
		c := &i.data
		if len(j.block)+int(c.piece.size) > blockSize {
			fragments.send(j, nil)
			j = fragments.next()
			number++
		}
		c.fragment, c.offset = number, uint32(len(j.block))
		j.block = j.block[:c.offset+c.piece.size]
		if _, err := w.spool.ReadAt(j.block[c.offset:], c.piece.at); err != nil {
			fragments.unused(j)
			return err
		}
	}
	if len(j.block) > 0 {
		fragments.send(j, nil)
	} else {
		fragments.unused(j)
	}
	return fragments.err()
}

// metadata writes everything that follows the contents, and returns the superblock.
func (w *writer) metadata() ([]byte, error) {
	inodes, dirs, err := w.tree()
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	var owners, refs []byte
	for _, id := range w.owners {
		owners = le.AppendUint32(owners, id)
	}
	for _, i := range w.inodes {
		refs = le.AppendUint64(refs, uint64(i.ref))
	}
	features := uint16(featureShared | featureExport)
	if len(w.xattrs.sets) == 0 {
		features |= featureNoXattrs
	}
	s := le.AppendUint32(nil, magic)
	s = le.AppendUint32(s, uint32(len(w.inodes)))
	s = le.AppendUint32(s, 0) // when it was made
	s = le.AppendUint32(s, blockSize)
	s = le.AppendUint32(s, uint32(len(w.fragments)/fragmentSize))
	for _, n := range []uint16{w.codec.number, blockLog, features, uint16(len(w.owners)), 4, 0} {
		s = le.AppendUint16(s, n)
	}
	s = le.AppendUint64(s, uint64(w.inodes[0].ref))

	inodesAt := w.at
	dirsAt := inodesAt + int64(len(inodes))
	if err := cmp.Or(w.write(inodes), w.write(dirs)); err != nil {
		return nil, err
	}
	fragmentsAt, err1 := w.indexed(w.fragments)
	refsAt, err2 := w.indexed(refs)
	ownersAt, err3 := w.indexed(owners)
	xattrs, xattrsAt, err4 := w.xattrs.encode(w.pack, w.at)
	if err := cmp.Or(err1, err2, err3, err4, w.write(xattrs)); err != nil {
		return nil, err
	}
	for _, n := range []uint64{
		uint64(w.at), ownersAt, xattrsAt, uint64(inodesAt), uint64(dirsAt), fragmentsAt, refsAt,
	} {
		s = le.AppendUint64(s, n)
	}
	return s, nil
}

// fragmentSize is the size of an entry in the table of fragments.
const fragmentSize = 16

// indexed writes a table of entries, and returns where the places of its blocks are.
func (w *writer) indexed(entries []byte) (uint64, error) {
	if len(entries) == 0 {
		return absent, nil
	}
	data, size := indexed(w.pack, entries, w.at)
	at := w.at + size
	return uint64(at), w.write(data)
}

// tree returns the tables of inodes and of directories. The inodes of all entries of a directory follow each other, and its
// own one comes later, because it states where they are.
func (w *writer) tree() (inodes, dirs []byte, err error) {
	files, lists := table{pack: w.pack}, table{pack: w.pack}
	written := make([]bool, len(w.inodes))
	add := func(i *inode) {
		if !written[i.number-1] {
			written[i.number-1] = true
			i.ref = files.here()
			files.write(w.encode(i))
		}
	}
	for n := len(w.dirs) - 1; n >= 0; n-- {
		dir := w.dirs[n]
		for _, e := range dir.names {
			add(e.inode)
		}
		dir.list = dir.entries(&lists)
	}
	add(w.dirs[0])
	inodes, err = files.end()
	if err != nil {
		return nil, nil, err
	}
	dirs, err = lists.end()
	return inodes, dirs, err
}
