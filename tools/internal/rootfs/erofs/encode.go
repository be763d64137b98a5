package erofs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

// superblock returns the superblock. Zero fields are unused.
func (m *image) superblock() []byte {
	b := make([]byte, superblockSize)
	le := binary.LittleEndian
	le.PutUint32(b[0:], magic)
	le.PutUint32(b[8:], featureTime)
	b[12] = 12 // log2 of the block size
	le.PutUint16(b[14:], uint16(m.inodes[0].number()))
	le.PutUint64(b[16:], uint64(len(m.inodes)))
	le.PutUint32(b[36:], uint32(m.blocks))
	if m.o.UUID != nil {
		copy(b[offsetUUID-offsetSuperblock:], m.o.UUID[:])
	}
	copy(b[64:80], m.o.Label)
	return b
}

// Layouts of contents: in consecutive blocks, or with the tail behind the inode.
const (
	extended    = 1
	layoutPlain = 0 << 1
	layoutTail  = 2 << 1
)

// encode returns the inode.
func (i *inode) encode() []byte {
	b := make([]byte, inodeSize)
	le := binary.LittleEndian
	layout := extended | layoutPlain
	if i.tail > 0 {
		layout = extended | layoutTail
	}
	le.PutUint16(b[0:], uint16(layout))
	if len(i.xattrs) > 0 {
		le.PutUint16(b[2:], uint16((len(i.xattrs)-xattrHead)/4+1))
	}
	le.PutUint16(b[4:], uint16(disk.Mode(i.File)))
	le.PutUint64(b[8:], uint64(i.size))
	switch {
	case i.Kind == tree.CharDevice || i.Kind == tree.BlockDevice:
		le.PutUint32(b[16:], disk.Device(i.File))
	case i.size > i.tail:
		le.PutUint32(b[16:], uint32(i.blocks))
	}
	le.PutUint32(b[20:], i.serial)
	le.PutUint32(b[24:], i.UID)
	le.PutUint32(b[28:], i.GID)
	le.PutUint64(b[32:], uint64(i.ModTime.Unix()))
	le.PutUint32(b[40:], uint32(i.ModTime.Nanosecond()))
	le.PutUint32(b[44:], i.links)
	return b
}

// types are the file types in directory entries.
var types = map[tree.Kind]byte{
	tree.File: 1, tree.Dir: 2, tree.CharDevice: 3, tree.BlockDevice: 4, tree.FIFO: 5, tree.Symlink: 7,
}

// entrySize is the size of a directory entry without its name.
const entrySize = 12

// sortNames adds "." and ".." to the entries, sorts them, as the kernel requires, and returns the directory's size.
func (i *inode) sortNames() int64 {
	i.names = append(i.names, entry{".", i}, entry{"..", i.parent})
	slices.SortFunc(i.names, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	size := int64(0)
	for rest := i.names; len(rest) > 0; {
		n, used := fit(rest)
		if rest = rest[n:]; len(rest) > 0 {
			used = blockSize
		}
		size += int64(used)
	}
	return size
}

// fit returns how many entries go into the next block of a directory, and the bytes that they need.
func fit(names []entry) (n, size int) {
	for _, e := range names {
		if size+entrySize+len(e.name) > blockSize {
			break
		}
		n, size = n+1, size+entrySize+len(e.name)
	}
	return n, size
}

// dir returns the content of a directory: in each block first the entries, then their names.
func (i *inode) dir() []byte {
	le := binary.LittleEndian
	data := make([]byte, 0, i.size)
	for rest := i.names; len(rest) > 0; {
		n, _ := fit(rest)
		name := n * entrySize
		for _, e := range rest[:n] {
			data = le.AppendUint64(data, e.inode.number())
			data = le.AppendUint16(data, uint16(name))
			data = append(data, types[e.inode.Kind], 0)
			name += len(e.name)
		}
		for _, e := range rest[:n] {
			data = append(data, e.name...)
		}
		if rest = rest[n:]; len(rest) > 0 {
			data = append(data, make([]byte, -len(data)&(blockSize-1))...)
		}
	}
	return data
}

const (
	// xattrHead is the size of the header before extended attributes.
	xattrHead = 12
	// maxXattrs is the largest size of the attributes of an inode, whose number of words has 16 bits.
	maxXattrs = xattrHead + 4*(math.MaxUint16-1)
)

// prefixes are the beginnings of names that have a number.
var prefixes = []struct {
	text  string
	index byte
}{{"system.posix_acl_access", 2}, {"system.posix_acl_default", 3}, {"user.", 1}, {"trusted.", 4}, {"security.", 6}}

// encodeXattrs returns extended attributes as they follow an inode.
func encodeXattrs(all map[string]string) ([]byte, error) {
	if len(all) == 0 {
		return nil, nil
	}
	b := make([]byte, xattrHead)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		index, rest, err := shorten(name)
		value := all[name]
		if err == nil && len(value) > math.MaxUint16 {
			err = fmt.Errorf("the value has %d bytes, and EROFS stores %d at most", len(value), math.MaxUint16)
		}
		if err != nil {
			return nil, fmt.Errorf("extended attribute %q: %w", name, err)
		}
		b = append(b, byte(len(rest)), index)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
		b = append(append(b, rest...), value...)
		b = append(b, make([]byte, -len(b)&3)...)
	}
	if len(b) > maxXattrs {
		return nil, fmt.Errorf("extended attributes of %d bytes, and EROFS stores %d at most", len(b), maxXattrs)
	}
	return b, nil
}

// shorten replaces the beginning of a name by its number.
func shorten(name string) (index byte, rest string, err error) {
	for _, p := range prefixes {
		rest, ok := strings.CutPrefix(name, p.text)
		if ok && (rest == "" || strings.HasSuffix(p.text, ".")) {
			return p.index, rest, nil
		}
	}
	return 0, "", errors.New("EROFS has no place for this name")
}
