package ext4

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	offsetSuperblock = 1024
	superblockSize   = 1024
	offsetUUID       = 104
	// extraSize is the size of the fields of an inode beyond the first 128 bytes; extraEnd is where they end.
	extraSize, extraEnd = 32, 160
)

// Features of the file system.
const (
	compat   = 0x8                           // ext_attr
	incompat = 0x2 | 0x40 | 0x200            // filetype, extents, flex_bg
	readOnly = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 // sparse_super, large_file, huge_file, dir_nlink, extra_isize
	flagTree = 0x80000                       // of an inode: it has an extent tree
	mounted  = 0x4 | 0x8                     // mount options by default: user_xattr, acl
	signed   = 0x1                           // hashes of names take characters as signed; nothing uses it yet
	flexBits = 4                             // 16 groups make a flexible group
)

// superblock returns the superblock, or its copy in a group. free is the number of free blocks.
func (v *volume) superblock(group, free int64) []byte {
	b := make([]byte, superblockSize)
	le := binary.LittleEndian
	count := v.groups * v.inodesPerGroup
	for at, n := range map[int]int64{
		0: count, 4: v.blocks, 12: free, 16: count - v.inodes.lastInode(), 24: 2, 28: 2, // log2 of the block size, less 10
		32: blocksPerGroup, 36: blocksPerGroup, 40: v.inodesPerGroup, 76: 1, 84: firstInode,
		92: compat, 96: incompat, 100: readOnly, 256: mounted, 352: signed,
	} {
		le.PutUint32(b[at:], uint32(n))
	}
	for at, n := range map[int]int64{
		54: 0xffff, 56: 0xef53, 58: 1, 60: 1, 88: inodeSize, 90: group, // no limit of mounts, magic, clean, on errors continue
		348: extraSize, 350: extraSize,
	} {
		le.PutUint16(b[at:], uint16(n))
	}
	b[372] = flexBits
	if v.options.UUID != nil {
		copy(b[offsetUUID:], v.options.UUID[:])
	}
	copy(b[120:136], v.options.Label)
	return b
}

// writeGroups writes the bitmaps, the group descriptors and the superblocks.
func (v *volume) writeGroups(w io.WriterAt) error {
	dirs := v.dirsPerGroup()
	var table []byte
	var free int64
	for g := range v.groups {
		blocks, freeBlocks := v.blockBitmap(g)
		inodes, freeInodes := v.inodeBitmap(g)
		for _, bitmap := range []node{{v.blockBitmaps + g, blocks}, {v.inodeBitmaps + g, inodes}} {
			if _, err := w.WriteAt(bitmap.data, bitmap.block*blockSize); err != nil {
				return err
			}
		}
		d := make([]byte, groupSize)
		for i, n := range []int64{v.blockBitmaps + g, v.inodeBitmaps + g, v.inodeTables[g]} {
			binary.LittleEndian.PutUint32(d[4*i:], uint32(n))
		}
		for i, n := range []int64{freeBlocks, freeInodes, dirs[g]} {
			binary.LittleEndian.PutUint16(d[12+2*i:], uint16(n))
		}
		table = append(table, d...)
		free += freeBlocks
	}
	for i, at := range v.superblocks() {
		group := int64(0)
		if i > 0 {
			group = v.backups[i-1]
		}
		if _, err := w.WriteAt(v.superblock(group, free), at); err != nil {
			return err
		}
		if _, err := w.WriteAt(table, (group*blocksPerGroup+1)*blockSize); err != nil {
			return err
		}
	}
	return nil
}

// blockBitmap returns the bitmap of a group's blocks, in which those after the end of the file system are used, and the
// number of free blocks.
func (v *volume) blockBitmap(g int64) ([]byte, int64) {
	bits := make([]byte, blockSize)
	first := g * blocksPerGroup
	mark := func(r run) {
		for n := max(r.start-first, 0); n < min(r.start+r.count-first, blocksPerGroup); n++ {
			bits[n/8] |= 1 << (n % 8)
		}
	}
	v.used(mark)
	mark(run{v.blocks, blocksPerGroup})
	return bits, countZeros(bits)
}

// inodeBitmap returns the bitmap of a group's inodes, in which those after the last one are used, and the number of free
// inodes.
func (v *volume) inodeBitmap(g int64) ([]byte, int64) {
	bits := make([]byte, blockSize)
	for n := range int64(maxInodes) {
		if n >= v.inodesPerGroup || g*v.inodesPerGroup+n < v.inodes.lastInode() {
			bits[n/8] |= 1 << (n % 8)
		}
	}
	return bits, countZeros(bits)
}

// dirsPerGroup returns the number of directories in each group.
func (v *volume) dirsPerGroup() []int64 {
	dirs := make([]int64, v.groups)
	for _, i := range v.inodes {
		if i.Kind == tree.Dir {
			dirs[int64(i.number-1)/v.inodesPerGroup]++
		}
	}
	return dirs
}

// writeInodes writes the inode tables, which consist of runs of inodes with consecutive numbers.
func (v *volume) writeInodes(w io.WriterAt) error {
	for _, i := range v.inodes {
		index := int64(i.number - 1)
		at := v.inodeTables[index/v.inodesPerGroup]*blockSize + index%v.inodesPerGroup*inodeSize
		if _, err := w.WriteAt(i.encode(), at); err != nil {
			return err
		}
	}
	return nil
}

// encode returns the inode.
func (i *inode) encode() []byte {
	b := make([]byte, inodeSize)
	le := binary.LittleEndian
	sectors := uint64(i.usedBlocks()) * (blockSize / 512)
	seconds, extra := encodeTime(i.ModTime)
	for at, n := range map[int]uint32{
		4: uint32(i.size), 8: seconds, 12: seconds, 16: seconds, 28: uint32(sectors), 104: uint32(i.xblock),
		108: uint32(i.size >> 32), 132: extra, 136: extra, 140: extra, 144: seconds, 148: extra,
	} {
		le.PutUint32(b[at:], n)
	}
	for at, n := range map[int]uint32{
		0: disk.Mode(i.File), 2: i.UID & 0xffff, 24: i.GID & 0xffff, 26: uint32(i.linkCount()),
		116: uint32(sectors >> 32), 120: i.UID >> 16, 122: i.GID >> 16, 128: extraSize,
	} {
		le.PutUint16(b[at:], uint16(n))
	}
	switch {
	case i.Kind == tree.CharDevice || i.Kind == tree.BlockDevice:
		if i.Major < 256 && i.Minor < 256 {
			le.PutUint32(b[40:], i.Major<<8|i.Minor)
		} else {
			le.PutUint32(b[44:], disk.Device(i.File))
		}
	case i.Kind == tree.Symlink && i.body == nil:
		copy(b[40:100], i.Target)
	case i.Kind != tree.FIFO:
		le.PutUint32(b[32:], flagTree)
		copy(b[40:100], i.root)
	}
	if len(i.xattrs.inode) > 0 {
		le.PutUint32(b[extraEnd:], xattrMagic)
		copy(b[extraEnd+4:], i.xattrs.inode)
	}
	return b
}

// encodeTime returns the 32 bits of a time that every ext file system has, and the field that extends them: two more bits
// of the seconds, and the nanoseconds.
func encodeTime(t time.Time) (seconds, extra uint32) {
	sec := t.Unix()
	epoch := (sec - int64(int32(sec))) >> 32 & 3
	return uint32(sec), uint32(epoch) | uint32(t.Nanosecond())<<2
}

// writeBlocks writes the blocks of directories, symlinks, extent trees and extended attributes.
func (t inodes) writeBlocks(w io.WriterAt) error {
	for _, i := range t {
		data := i.body
		if i.Kind == tree.Dir {
			data = i.dir()
		}
		blocks := i.nodes
		if i.xblock > 0 {
			blocks = append(blocks[:len(blocks):len(blocks)], node{i.xblock, i.xattrs.block})
		}
		for _, e := range i.extents {
			if data == nil {
				break
			}
			from := e.logical * blockSize
			blocks = append(blocks[:len(blocks):len(blocks)],
				node{e.start, data[from:min(from+e.count*blockSize, int64(len(data)))]})
		}
		for _, n := range blocks {
			if _, err := w.WriteAt(n.data, n.block*blockSize); err != nil {
				return err
			}
		}
	}
	return nil
}
