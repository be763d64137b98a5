// Package erofs plans an EROFS image, a read-only file system.
//
// Nothing is compressed, so that every offset is known beforehand. Inodes are extended ones: they hold numbers of owners
// and times exactly. The last, incomplete block of a directory, a symlink or a file is stored behind its inode if it fits
// there. Inodes with these tails come first, then whole blocks in the order of the entries. The kernel's documentation and
// its fs/erofs/erofs_fs.h define the format: https://docs.kernel.org/filesystems/erofs.html
//
// Linux 5.4 and later mount such an image.
package erofs

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	blockSize = 4096
	// slotSize is the unit for the places of inodes: a number identifies an inode by its place.
	slotSize         = 32
	inodeSize        = 64
	offsetSuperblock = 1024
	superblockSize   = 128
	offsetUUID       = offsetSuperblock + 48
	magic            = 0xe0f5e1e2
	// featureTime states that times are modification times.
	featureTime = 2
)

// Options are the choices for an image.
type Options struct {
	// Label is the name of the file system, of at most 16 bytes.
	Label string
	// UUID identifies the file system. If it is nil, it is derived from all other data.
	UUID *[16]byte
}

// inode is a file with its place in the image.
type inode struct {
	*rootfs.File
	serial uint32
	links  uint32
	parent *inode  // of a directory; the root is its own parent
	names  []entry // of a directory
	xattrs []byte
	data   []byte // of a directory or a symlink
	size   int64
	at     int64 // offset in the image
	tail   int64 // bytes behind the inode
	blocks int64 // the first of the blocks
}

// entry is an entry of a directory.
type entry struct {
	name  string
	inode *inode
}

// image is the whole image.
type image struct {
	inodes []*inode // the first is the root
	blocks int64    // of the whole image
	o      Options
}

// New plans the image of fs.
func New(fs *rootfs.FileSystem, o Options) (*disk.Plan, error) {
	if len(o.Label) > 16 {
		return nil, fmt.Errorf("label %q: longer than 16 bytes", o.Label)
	}
	m := &image{o: o}
	if err := m.read(fs); err != nil {
		return nil, err
	}
	if err := m.place(); err != nil {
		return nil, err
	}
	p := &disk.Plan{Size: m.blocks * blockSize, Metadata: m.write, Contents: m.contents()}
	if o.UUID == nil {
		p.UUIDs = []int64{offsetUUID}
	}
	return p, nil
}

// read makes the inodes.
func (m *image) read(fs *rootfs.FileSystem) error {
	files := make(map[*rootfs.File]*inode, len(fs.Entries()))
	dirs := make(map[string]*inode)
	for _, e := range fs.Entries() {
		i := files[e.File]
		if i == nil {
			i = &inode{File: e.File, serial: uint32(len(m.inodes) + 1), size: e.File.Size, links: uint32(e.File.Names)}
			files[e.File] = i
			m.inodes = append(m.inodes, i)
			var err error
			if i.xattrs, err = encodeXattrs(e.File.Xattrs); err != nil {
				return fmt.Errorf("entry %q: %w", e.Path, err)
			}
		}
		if e.Path == "/" {
			dirs[""] = i
			i.parent, i.links = i, 2
			continue
		}
		at := strings.LastIndexByte(e.Path, '/')
		dir := dirs[e.Path[:at]]
		dir.names = append(dir.names, entry{e.Path[at+1:], i})
		switch e.File.Kind {
		case tree.Dir:
			dirs[e.Path] = i
			i.parent, i.links = dir, 2
			dir.links++
		case tree.Symlink:
			i.data, i.size = []byte(e.File.Target), int64(len(e.File.Target))
		}
	}
	for _, i := range m.inodes {
		if i.Kind == tree.Dir {
			i.size = i.sortNames()
		}
	}
	return nil
}

// place gives everything its place. The root comes first, because its place is stored in 16 bits.
func (m *image) place() error {
	packer := packer{next: 1}
	packer.rooms[blockSize-offsetSuperblock-superblockSize] = append(
		packer.rooms[blockSize-offsetSuperblock-superblockSize], offsetSuperblock+superblockSize)
	for _, i := range m.inodes {
		head := inodeSize + int64(len(i.xattrs))
		i.tail = i.size % blockSize
		if head+i.tail > blockSize {
			i.tail = 0
		}
		i.at = packer.put(head + i.tail)
	}
	m.blocks = packer.next
	for _, i := range m.inodes {
		i.blocks = m.blocks
		m.blocks += (i.size - i.tail + blockSize - 1) / blockSize
	}
	if m.blocks > math.MaxUint32 {
		return errors.New("the contents are too large for this format: more than 16 TiB")
	}
	return nil
}

// packer packs inodes into blocks, so that none crosses the end of a block, unless it is larger than one.
type packer struct {
	next int64 // the first block after the used ones
	// rooms has the places where as many bytes are free up to the end of a block.
	rooms [blockSize]([]int64)
}

// put returns the place for size bytes: where the room is smallest.
func (p *packer) put(size int64) int64 {
	size = disk.Align(size, slotSize)
	for room := size; room < blockSize; room += slotSize {
		if n := len(p.rooms[room]); n > 0 {
			at := p.rooms[room][n-1]
			p.rooms[room] = p.rooms[room][:n-1]
			p.leave(at+size, room-size)
			return at
		}
	}
	at := p.next * blockSize
	blocks := disk.Align(size, blockSize) / blockSize
	p.next += blocks
	p.leave(at+size, blocks*blockSize-size)
	return at
}

// leave notes that room bytes are free at a place.
func (p *packer) leave(at, room int64) {
	if room > 0 {
		p.rooms[room] = append(p.rooms[room], at)
	}
}

// contents returns the places of the contents.
func (m *image) contents() map[*rootfs.File][]disk.Extent {
	all := make(map[*rootfs.File][]disk.Extent)
	for _, i := range m.inodes {
		if i.Kind != tree.File || i.size == 0 {
			continue
		}
		var list []disk.Extent
		whole := i.size - i.tail
		if whole > 0 {
			list = append(list, disk.Extent{From: 0, To: i.blocks * blockSize, Size: whole})
		}
		if i.tail > 0 {
			list = append(list, disk.Extent{From: whole, To: i.tailPlace(), Size: i.tail})
		}
		all[i.File] = list
	}
	return all
}

// tailPlace returns the place of the tail.
func (i *inode) tailPlace() int64 { return i.at + inodeSize + int64(len(i.xattrs)) }

// number returns the number by which directories refer to the inode.
func (i *inode) number() uint64 { return uint64(i.at / slotSize) }

// write writes all metadata.
func (m *image) write(w io.WriterAt) error {
	if _, err := w.WriteAt(m.superblock(), offsetSuperblock); err != nil {
		return err
	}
	for _, i := range m.inodes {
		data := i.data
		if i.Kind == tree.Dir {
			data = i.dir()
		}
		head := append(i.encode(), i.xattrs...)
		if whole := i.size - i.tail; data != nil {
			head = append(head, data[whole:]...)
			if _, err := w.WriteAt(data[:whole], i.blocks*blockSize); err != nil {
				return err
			}
		}
		if _, err := w.WriteAt(head, i.at); err != nil {
			return err
		}
	}
	return nil
}
