// Package squashfs writes a SquashFS 4.0 image, a compressed read-only file system.
//
// The size of a compressed block is known only after it is compressed, so that no place is known beforehand, as package
// disk needs it. [Image.Write] therefore makes one pass over the contents, in the order of the layers, and compresses full
// blocks into a temporary file, with smaller files uncompressed beside them. Then it writes the image in the order of the
// names: the blocks, fragments (blocks of several small files), inodes, directories and tables. The bytes depend
// on the entries, the contents and the options only: each block is compressed on its own, and neither the layers nor the
// number of processors have an effect.
//
// Files with equal contents share their blocks. Blocks of zeros become holes. Directories have an index where it makes
// lookups faster. All inodes can be exported, so that overlayfs and NFS can identify files. The kernel's documentation
// describes the format: https://docs.kernel.org/filesystems/squashfs.html
//
// What the format cannot hold is an error: times before 1970 and after 2106, more than 65,535 different numbers of owners,
// and extended attributes outside of user, trusted and security. Fractions of a second are cut off.
package squashfs

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

const (
	blockLog  = 17
	blockSize = 1 << blockLog
	// maxOwners is the largest number of entries in the table of owners, whose size has 16 bits.
	maxOwners = math.MaxUint16
)

// Image is a planned image.
type Image struct {
	codec  codec
	inodes []*inode // in the order of their numbers; the first is the root
	files  map[*rootfs.File]*inode
	dirs   []*inode // parents before children
	owners []uint32
	owner  map[uint32]uint16 // the places in owners
	xattrs xattrTable
}

// inode is a file with its place in the image.
type inode struct {
	*rootfs.File
	number uint32
	links  uint32
	parent *inode  // of a directory; the root is its own parent
	names  []entry // of a directory
	xattr  uint32  // the number of its attributes, or none
	twin   bool    // whether another file has the same size
	data   content
	list   listing // of a directory
	ref    ref     // where the inode is, known once it is written
}

// entry is an entry of a directory.
type entry struct {
	name  string
	inode *inode
}

// New plans the image of fs. The format is gzip or zstd with a level.
func New(fs *rootfs.FileSystem, format compress.Format) (*Image, error) {
	codec, err := newCodec(format)
	if err != nil {
		return nil, err
	}
	m := &Image{codec: codec, files: make(map[*rootfs.File]*inode, len(fs.Entries())), owner: make(map[uint32]uint16)}
	dirs := make(map[string]*inode)
	for _, e := range fs.Entries() {
		i, err := m.inode(e.File)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Path, err)
		}
		i.enter(dirs, e.Path)
		if e.File.Kind == tree.Dir {
			m.dirs = append(m.dirs, i)
		}
	}
	m.number()
	m.findTwins()
	return m, nil
}

// inode returns the inode of a file. If it is new, it is checked.
func (m *Image) inode(f *rootfs.File) (*inode, error) {
	if i := m.files[f]; i != nil {
		return i, nil
	}
	i := &inode{File: f, links: uint32(f.Names)}
	m.files[f] = i
	if sec := f.ModTime.Unix(); sec < 0 || sec > math.MaxUint32 {
		return nil, fmt.Errorf("the time %s cannot be stored in SquashFS", f.ModTime.UTC())
	}
	for _, id := range []uint32{f.UID, f.GID} {
		if _, ok := m.owner[id]; ok {
			continue
		}
		if len(m.owners) == maxOwners {
			return nil, fmt.Errorf("SquashFS stores %d different numbers of users and groups at most", maxOwners)
		}
		m.owner[id] = uint16(len(m.owners))
		m.owners = append(m.owners, id)
	}
	var err error
	i.xattr, err = m.xattrs.add(f.Xattrs)
	return i, err
}

// enter adds the inode to the directory that the path is in.
func (i *inode) enter(dirs map[string]*inode, path string) {
	if path == "/" {
		dirs[""] = i
		i.parent, i.links = i, 2
		return
	}
	at := strings.LastIndexByte(path, '/')
	dir := dirs[path[:at]]
	dir.names = append(dir.names, entry{path[at+1:], i})
	if i.Kind == tree.Dir {
		dirs[path] = i
		i.parent, i.links = dir, 2
		dir.links++
	}
}

// number sorts the directories and numbers the inodes so that the numbers in a directory are close to each other.
func (m *Image) number() {
	add := func(i *inode) {
		if i.number == 0 {
			m.inodes = append(m.inodes, i)
			i.number = uint32(len(m.inodes))
		}
	}
	add(m.dirs[0])
	for _, dir := range m.dirs {
		slices.SortFunc(dir.names, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		for _, e := range dir.names {
			add(e.inode)
		}
	}
}

// findTwins finds files of equal size, which may have equal contents.
func (m *Image) findTwins() {
	first := make(map[int64]*inode)
	for _, i := range m.inodes {
		if i.Kind != tree.File || i.Size == 0 {
			continue
		}
		if twin := first[i.Size]; twin != nil {
			i.twin, twin.twin = true, true
		} else {
			first[i.Size] = i
		}
	}
}

// errTooLarge is returned when a table exceeds the range of the references to it.
var errTooLarge = errors.New("too many files for SquashFS: a table has more than 4 GiB")
