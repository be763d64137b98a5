// Package ext4 plans an ext4 file system image.
//
// The image has blocks of 4 KiB, inodes of 256 bytes and no journal. Its bytes depend on the entries, the contents and the
// options only. All bitmaps and inode tables are at its beginning, followed by directories and contents in the order of the
// entries, and the free space is at its end, so that an image file stays small where it may have holes. Blocks of zeros in
// a file become holes in the file system. The kernel's documentation defines the format:
// https://docs.kernel.org/filesystems/ext4/
//
// Directories are linear, without an index: the kernel reads them and adds entries to them, but a lookup in a directory of
// many thousands is slow. The image has a directory /lost+found, because e2fsck requires one.
//
// What the format cannot hold is an error: times before 1901 and after 2446, more than 65,000 names of one file, and more
// extended attributes than fit into an inode and a block.
package ext4

import (
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

const (
	blockSize      = 4096
	inodeSize      = 256
	blocksPerGroup = 8 * blockSize // a bitmap is one block
	inodesPerBlock = blockSize / inodeSize
	groupSize      = 32 // bytes of a group descriptor
	// maxInodes and minInodes bound the inodes of a group. The minimum is for file systems that are enlarged later.
	maxInodes = 8 * blockSize
	minInodes = 1024
	// bytesPerInode is the free space for which there is one free inode, as in mke2fs.
	bytesPerInode = 16 << 10
	// minGroup is the number of blocks for which another group is worthwhile.
	minGroup = 64
	// maxBlocks is the largest number of blocks without the feature 64bit.
	maxBlocks = 1<<32 - 1
	// roundTo is the unit to which the size is rounded up, in bytes.
	roundTo = 1 << 20
)

// Options are the choices for an image.
type Options struct {
	// Size is the size of the image in bytes. If it is 0, the image is as large as its contents and Free.
	Size int64
	// Free is the space for new files in an image without a Size.
	Free int64
	// Label is the name of the file system, of at most 16 bytes.
	Label string
	// UUID identifies the file system. If it is nil, it is derived from all other data.
	UUID *[16]byte
}

// check rejects options that no image can have.
func (o Options) check() error {
	switch {
	case len(o.Label) > 16:
		return fmt.Errorf("label %q: longer than 16 bytes", o.Label)
	case o.Size < 0 || o.Size%blockSize != 0:
		return fmt.Errorf("size %d: expected a multiple of %d", o.Size, blockSize)
	case o.Free < 0:
		return fmt.Errorf("free space %d: expected a number that is not negative", o.Free)
	case o.Size > maxBlocks*blockSize || o.Free > maxBlocks*blockSize:
		return errors.New("larger than 16 TiB")
	}
	return nil
}

// New plans the image of fs.
func New(fs *rootfs.FileSystem, o Options) (*disk.Plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	all, err := newInodes(fs)
	if err != nil {
		return nil, err
	}
	v := &volume{inodes: all, options: o}
	if err := v.fit(); err != nil {
		return nil, err
	}
	p := &disk.Plan{Size: v.blocks * blockSize, Metadata: v.write, Contents: all.contents()}
	if o.Size > 0 {
		p.Size = o.Size
	}
	if o.UUID == nil {
		for _, at := range v.superblocks() {
			p.UUIDs = append(p.UUIDs, at+offsetUUID)
		}
	}
	return p, nil
}

// volume is the layout of the file system as a whole.
type volume struct {
	*allocator
	inodes  inodes
	options Options

	least          int64 // groups that the inodes need
	inodesPerGroup int64
	blockBitmaps   int64 // the first of the blocks, one for each group
	inodeBitmaps   int64 // likewise
	inodeTables    []int64
}

// fit finds the size and gives everything its place.
func (v *volume) fit() error {
	if v.options.Size > 0 {
		blocks := whole(v.options.Size / blockSize)
		used, err := v.place(blocks, v.options.Size-v.inodes.size())
		if err != nil {
			return err
		}
		if used > blocks {
			return fmt.Errorf("the size is %d bytes, but the contents need %d", v.options.Size,
				disk.Align(used*blockSize, roundTo))
		}
		return nil
	}
	// Each attempt has more groups than the one before.
	for blocks := int64(minGroup); ; {
		used, err := v.place(blocks, v.options.Free)
		if err != nil {
			return err
		}
		need := disk.Align(used*blockSize+v.options.Free, roundTo) / blockSize
		if need = v.enough(max(need, v.leastBlocks())); groupsOf(need) == v.groups {
			v.blocks = need
			return nil
		}
		blocks = need
	}
}

// leastBlocks returns how many blocks a file system needs to have as many groups as the inodes require.
func (v *volume) leastBlocks() int64 { return (v.least-1)*blocksPerGroup + 1 }

// enough returns at least as many blocks, so that the last group is not too small.
func (v *volume) enough(blocks int64) int64 {
	if whole(blocks) == blocks {
		return blocks
	}
	return disk.Align(whole(blocks)+minGroup+1+tablesOf(groupsOf(blocks)), roundTo/blockSize)
}

// groupsOf returns the number of groups of that many blocks.
func groupsOf(blocks int64) int64 { return (blocks + blocksPerGroup - 1) / blocksPerGroup }

// tablesOf returns the number of blocks for the descriptors of that many groups.
func tablesOf(groups int64) int64 { return (groups*groupSize + blockSize - 1) / blockSize }

// whole returns a number of blocks without a last group that is too small to be useful.
func whole(blocks int64) int64 {
	if rest := blocks % blocksPerGroup; blocks > blocksPerGroup && rest < minGroup+1+tablesOf(groupsOf(blocks)) {
		return blocks - rest
	}
	return blocks
}

// place gives everything a place in a file system of that many blocks, and returns how many blocks are used. free is the
// number of bytes for which there are free inodes.
func (v *volume) place(blocks, free int64) (used int64, err error) {
	count := v.inodes.lastInode() + max(free, 0)/bytesPerInode
	groups := groupsOf(blocks)
	v.least = groupsOf(count) // a group has at most as many inodes as blocks
	if v.least > groups {
		if v.options.Size > 0 {
			return 0, fmt.Errorf("the size is %d bytes, but %d files need %d", v.options.Size, count,
				v.least*blocksPerGroup*blockSize)
		}
		groups = v.least
		blocks = groups * blocksPerGroup
	}
	if blocks > maxBlocks {
		return 0, errors.New("the contents are too large for this format: more than 16 TiB")
	}
	v.allocator = newAllocator(blocks, groups)
	v.inodesPerGroup = min(max(disk.Align((count+groups-1)/groups, inodesPerBlock), minInodes), maxInodes)
	v.blockBitmaps = v.row(groups)
	v.inodeBitmaps = v.row(groups)
	v.inodeTables = make([]int64, groups)
	for i := range v.inodeTables {
		v.inodeTables[i] = v.row(v.inodesPerGroup / inodesPerBlock)
	}
	v.inodes.place(v.allocator)
	return v.next, nil
}

// superblocks returns the offsets of the superblock and its copies.
func (v *volume) superblocks() []int64 {
	all := []int64{offsetSuperblock}
	for _, g := range v.backups {
		all = append(all, g*blocksPerGroup*blockSize)
	}
	return all
}

// write writes all metadata.
func (v *volume) write(w io.WriterAt) error {
	for _, write := range []func(io.WriterAt) error{v.writeGroups, v.writeInodes, v.inodes.writeBlocks} {
		if err := write(w); err != nil {
			return err
		}
	}
	return nil
}
