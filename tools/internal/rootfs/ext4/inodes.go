package ext4

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

// Numbers of inodes.
const (
	rootInode  = 2
	firstInode = 11 // the smaller ones are reserved; e2fsck expects lost+found here
)

// maxLinks is the largest link count. A directory with more has the count 1.
const maxLinks = 65000

const lostFound = "/lost+found"

// maxFast is the length of the longest symlink whose target is in the inode.
const maxFast = 59

// inode is a file with its place in the file system.
type inode struct {
	*rootfs.File
	number  uint32
	links   int64
	parent  uint32 // of a directory
	entries []entry
	size    int64
	body    []byte // of a symlink whose target has a block
	extents []extent
	nodes   []node // blocks of the extent tree
	root    []byte // the part of the extent tree in the inode
	xattrs  xattrs
	xblock  int64 // the block of extended attributes, or 0
}

// entry is an entry of a directory.
type entry struct {
	name  string
	inode *inode
}

// node is a block with its content.
type node struct {
	block int64
	data  []byte
}

// inodes are all inodes, in the order of their numbers. The first is the root's.
type inodes []*inode

// newInodes numbers the files of fs.
func newInodes(fs *rootfs.FileSystem) (inodes, error) {
	var t inodes
	files := make(map[*rootfs.File]*inode, len(fs.Entries()))
	dirs := make(map[string]*inode)
	entries := fs.Entries()
	root := t.add(entries[0].File)
	root.number, root.parent, root.links = rootInode, rootInode, 2
	dirs[""], dirs["/"], files[root.File] = root, root, root
	if err := root.check(); err != nil {
		return nil, fmt.Errorf("entry %q: %w", "/", err)
	}
	file := &rootfs.File{Kind: tree.Dir, Mode: 0o700, ModTime: time.Unix(0, 0), Names: 1}
	ours := true
	for _, e := range entries {
		if e.Path == lostFound {
			file, ours = e.File, false
		}
	}
	if file.Kind != tree.Dir {
		return nil, fmt.Errorf("entry %q: a %s, but ext4 needs a directory of this name", lostFound, file.Kind)
	}
	lost := t.add(file)
	files[file] = lost
	if ours {
		lost.enter(root, lostFound[1:])
	}
	for _, e := range entries[1:] {
		i := files[e.File]
		if i == nil {
			i = t.add(e.File)
			files[e.File] = i
		}
		at := strings.LastIndexByte(e.Path, '/')
		i.enter(dirs[e.Path[:at]], e.Path[at+1:])
		if i.Kind == tree.Dir {
			dirs[e.Path] = i
		}
		if err := i.check(); err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Path, err)
		}
	}
	return t, nil
}

// add adds an inode with the next number.
func (t *inodes) add(f *rootfs.File) *inode {
	i := &inode{File: f, number: firstInode - 1 + uint32(len(*t)), size: f.Size}
	*t = append(*t, i)
	return i
}

// enter adds a name of the inode to a directory.
func (i *inode) enter(dir *inode, name string) {
	dir.entries = append(dir.entries, entry{name, i})
	i.links++
	if i.Kind == tree.Dir {
		i.parent = dir.number
		i.links++
		dir.links++
	}
}

// check rejects what the format cannot hold.
func (i *inode) check() error {
	sec := i.ModTime.Unix()
	switch {
	case i.Kind != tree.Dir && i.links > maxLinks:
		return fmt.Errorf("more than %d names of one file", maxLinks)
	case sec < math.MinInt32 || sec > math.MaxInt32+3<<32:
		return fmt.Errorf("the time %s cannot be stored in ext4", i.ModTime.UTC())
	case i.Size > math.MaxUint32*blockSize:
		return errors.New("a file of more than 16 TiB")
	case i.links > 1 && i.Kind != tree.Dir:
		return nil // the attributes are done
	}
	var err error
	i.xattrs, err = newXattrs(i.Xattrs)
	return err
}

// lastInode returns the largest number of an inode.
func (t inodes) lastInode() int64 { return int64(t[len(t)-1].number) }

// size returns roughly how many bytes contents and inodes need.
func (t inodes) size() int64 {
	size := int64(0)
	for _, i := range t {
		for _, r := range i.Runs() {
			size += disk.Align(r.Size, blockSize)
		}
		size += inodeSize
	}
	return size
}

// place gives each inode its blocks.
func (t inodes) place(a *allocator) {
	for _, i := range t {
		i.extents, i.xblock, i.body = nil, 0, nil
		switch {
		case i.Kind == tree.Dir:
			i.size = i.dirBlocks() * blockSize
			i.take(a, 0, i.size)
		case i.Kind == tree.Symlink:
			if i.size = int64(len(i.Target)); i.size > maxFast {
				i.body = []byte(i.Target)
				i.take(a, 0, i.size)
			}
		case i.Kind == tree.File:
			for _, r := range i.Runs() {
				i.take(a, r.Offset, r.Size)
			}
		}
		i.grow(a)
		if len(i.xattrs.block) > 0 {
			i.xblock = a.row(1)
		}
	}
}

// take takes blocks for a part of the content.
func (i *inode) take(a *allocator, offset, size int64) {
	logical := offset / blockSize
	for _, r := range a.take((size + blockSize - 1) / blockSize) {
		for r.count > 0 {
			n := min(r.count, maxExtent)
			i.extents = append(i.extents, extent{logical, r.start, n})
			logical, r.start, r.count = logical+n, r.start+n, r.count-n
		}
	}
}

// contents returns the places of the contents.
func (t inodes) contents() map[*rootfs.File][]disk.Extent {
	all := make(map[*rootfs.File][]disk.Extent)
	for _, i := range t {
		if i.Kind != tree.File || len(i.extents) == 0 {
			continue
		}
		list := make([]disk.Extent, len(i.extents))
		for n, e := range i.extents {
			from := e.logical * blockSize
			list[n] = disk.Extent{From: from, To: e.start * blockSize, Size: min(e.count*blockSize, i.size-from)}
		}
		all[i.File] = list
	}
	return all
}

// linkCount returns the count in the inode.
func (i *inode) linkCount() uint16 {
	if i.links > maxLinks {
		return 1
	}
	return uint16(i.links)
}

// usedBlocks returns how many blocks the inode has, including metadata.
func (i *inode) usedBlocks() int64 {
	n := int64(len(i.nodes))
	for _, e := range i.extents {
		n += e.count
	}
	if i.xblock > 0 {
		n++
	}
	return n
}
