package ext4

import (
	"encoding/binary"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// types are the file types in directory entries.
var types = map[tree.Kind]byte{
	tree.File: 1, tree.Dir: 2, tree.CharDevice: 3, tree.BlockDevice: 4, tree.FIFO: 5, tree.Symlink: 7,
}

// dirHead is the size of a directory entry without its name.
const dirHead = 8

// length returns the space that a directory entry with the name needs.
func length(name string) int { return (dirHead + len(name) + 3) &^ 3 }

// dirBlocks returns the number of blocks of a directory.
func (i *inode) dirBlocks() int64 {
	blocks, at := int64(1), length(".")+length("..")
	for _, e := range i.entries {
		if n := length(e.name); at+n > blockSize {
			blocks, at = blocks+1, n
		} else {
			at += n
		}
	}
	return blocks
}

// dir returns the content of a directory. The last entry of a block extends to its end.
func (i *inode) dir() []byte {
	data := make([]byte, 0, i.size)
	last := 0
	put := func(name string, number uint32, kind byte) {
		if used := len(data) % blockSize; len(data) > 0 && (used == 0 || used+length(name) > blockSize) {
			data = extend(data, last)
		}
		last = len(data)
		data = binary.LittleEndian.AppendUint32(data, number)
		data = binary.LittleEndian.AppendUint16(data, uint16(length(name)))
		data = append(data, byte(len(name)), kind)
		data = append(append(data, name...), make([]byte, length(name)-dirHead-len(name))...)
	}
	put(".", i.number, types[tree.Dir])
	put("..", i.parent, types[tree.Dir])
	for _, e := range i.entries {
		put(e.name, e.inode.number, types[e.inode.Kind])
	}
	return extend(data, last)
}

// extend extends the entry at last to the end of its block.
func extend(data []byte, last int) []byte {
	room := -len(data) & (blockSize - 1)
	binary.LittleEndian.PutUint16(data[last+4:], uint16(len(data)+room-last))
	return append(data, make([]byte, room)...)
}
