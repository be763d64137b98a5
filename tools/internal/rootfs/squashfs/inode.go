package squashfs

import (
	"encoding/binary"
	"math"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	// none stands for no extended attributes, and for no fragment.
	none = math.MaxUint32
	// extended is what an extended type adds to a type.
	extended = 7
	// emptyDir is the size of a directory without entries: the kernel counts "." and "..".
	emptyDir = 3
)

// encode returns the inode. Basic inodes lack fields that most files do not need.
func (m *Image) encode(i *inode) []byte {
	switch i.Kind {
	case tree.Dir:
		return m.encodeDir(i)
	case tree.File:
		return m.encodeFile(i)
	}
	le := binary.LittleEndian
	b := m.head(i, i.xattr != none)
	b = le.AppendUint32(b, i.links)
	switch i.Kind {
	case tree.Symlink:
		b = le.AppendUint32(b, uint32(len(i.Target)))
		b = append(b, i.Target...)
	case tree.CharDevice, tree.BlockDevice:
		b = le.AppendUint32(b, disk.Device(i.File))
	}
	if i.xattr != none {
		b = le.AppendUint32(b, i.xattr)
	}
	return b
}

// head returns what all inodes begin with.
func (m *Image) head(i *inode, extend bool) []byte {
	le := binary.LittleEndian
	kind, mode := types[i.Kind], uint16(i.Mode)
	if extend {
		kind += extended
	}
	if i.Kind == tree.Symlink {
		mode = 0o777
	}
	b := le.AppendUint16(nil, kind)
	b = le.AppendUint16(b, mode)
	b = le.AppendUint16(b, m.owner[i.UID])
	b = le.AppendUint16(b, m.owner[i.GID])
	b = le.AppendUint32(b, uint32(i.ModTime.Unix()))
	return le.AppendUint32(b, i.number)
}

func (m *Image) encodeDir(i *inode) []byte {
	le := binary.LittleEndian
	size := i.list.size + emptyDir
	if i.xattr == none && size <= math.MaxUint16 && i.list.heads == 0 {
		b := m.head(i, false)
		b = le.AppendUint32(b, i.list.at.block())
		b = le.AppendUint32(b, i.links)
		b = le.AppendUint16(b, uint16(size))
		b = le.AppendUint16(b, i.list.at.offset())
		return le.AppendUint32(b, i.parent.number)
	}
	b := m.head(i, true)
	b = le.AppendUint32(b, i.links)
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, i.list.at.block())
	b = le.AppendUint32(b, i.parent.number)
	b = le.AppendUint16(b, i.list.heads)
	b = le.AppendUint16(b, i.list.at.offset())
	b = le.AppendUint32(b, i.xattr)
	return append(b, i.list.index...)
}

func (m *Image) encodeFile(i *inode) []byte {
	le := binary.LittleEndian
	c := &i.data
	fragment, offset := uint32(none), uint32(0)
	if c.piece.size > 0 {
		fragment, offset = c.fragment, c.offset
	}
	basic := i.xattr == none && i.links == 1 && c.holes == 0 && i.Size <= math.MaxUint32 && c.start <= math.MaxUint32
	b := m.head(i, !basic)
	if basic {
		b = le.AppendUint32(b, uint32(c.start))
		b = le.AppendUint32(b, fragment)
		b = le.AppendUint32(b, offset)
		b = le.AppendUint32(b, uint32(i.Size))
	} else {
		b = le.AppendUint64(b, uint64(c.start))
		b = le.AppendUint64(b, uint64(i.Size))
		b = le.AppendUint64(b, uint64(c.holes))
		b = le.AppendUint32(b, i.links)
		b = le.AppendUint32(b, fragment)
		b = le.AppendUint32(b, offset)
		b = le.AppendUint32(b, i.xattr)
	}
	for _, block := range c.blocks {
		b = le.AppendUint32(b, block.size)
	}
	return b
}
