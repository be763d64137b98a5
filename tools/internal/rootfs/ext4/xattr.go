package ext4

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	xattrMagic = 0xea020000
	// xattrHead is the size of the header in a block; xattrEntry that of an entry without its name.
	xattrHead, xattrEntry = 32, 16
	// inodeRoom is the space for extended attributes in an inode, without the magic number.
	inodeRoom = inodeSize - extraEnd - 4
)

// xattrs are encoded extended attributes.
type xattrs struct {
	inode []byte // what follows the magic number in an inode
	block []byte // a block
}

// xattr is an extended attribute as it is stored.
type xattr struct {
	index byte // stands for the beginning of the name
	name  string
	value string
}

func (x xattr) size() int { return xattrEntry + align(len(x.name)) + align(len(x.value)) }

func align(n int) int { return (n + 3) &^ 3 }

// prefixes are the beginnings of names that have a number. The longer ones come first.
var prefixes = []struct {
	text  string
	index byte
}{{aclAccess, 2}, {aclDefault, 3}, {"user.", 1}, {"trusted.", 4}, {"security.", 6}}

const (
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
)

// newXattrs encodes extended attributes: in the inode as many as fit, the others in a block.
func newXattrs(all map[string]string) (xattrs, error) {
	var inode, block []xattr
	roomInode, roomBlock := inodeRoom-4, blockSize-xattrHead-4 // a zero ends each list
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x, err := newXattr(name, all[name])
		if err != nil {
			return xattrs{}, fmt.Errorf("extended attribute %q: %w", name, err)
		}
		switch size := x.size(); {
		case size <= roomInode:
			inode, roomInode = append(inode, x), roomInode-size
		case size <= roomBlock:
			block, roomBlock = append(block, x), roomBlock-size
		default:
			return xattrs{}, fmt.Errorf("extended attribute %q: all attributes of a file must fit into %d bytes",
				name, inodeRoom-4+blockSize-xattrHead-4)
		}
	}
	var result xattrs
	if len(inode) > 0 {
		result.inode, _ = lay(inode, inodeRoom, 0)
	}
	if len(block) > 0 {
		result.block = encodeBlock(block)
	}
	return result, nil
}

func newXattr(name, value string) (xattr, error) {
	for _, p := range prefixes {
		rest, ok := strings.CutPrefix(name, p.text)
		if !ok || rest != "" && strings.HasPrefix(p.text, "system.") {
			continue
		}
		var err error
		if strings.HasPrefix(p.text, "system.") {
			value, err = acl(value)
		}
		return xattr{p.index, rest, value}, err
	}
	return xattr{}, errors.New("ext4 has no place for this name")
}

// acl converts an access control list from the form of an extended attribute (version 2) to that of ext4 (version 1),
// in which only the entries of named users and groups have an id.
func acl(value string) (string, error) {
	le := binary.LittleEndian
	in := []byte(value)
	if len(in)%8 != 4 || le.Uint32(in) != 2 {
		return "", errors.New("not an access control list")
	}
	out := le.AppendUint32(nil, 1)
	for in = in[4:]; len(in) > 0; in = in[8:] {
		out = append(out, in[:4]...)
		if tag := le.Uint16(in); tag == 0x02 || tag == 0x08 {
			out = append(out, in[4:8]...)
		}
	}
	return string(out), nil
}

// encodeBlock returns a block of attributes. In a block, they are sorted.
func encodeBlock(all []xattr) []byte {
	slices.SortFunc(all, func(a, b xattr) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(len(a.name), len(b.name)), strings.Compare(a.name, b.name))
	})
	list, hash := lay(all, blockSize-xattrHead, xattrHead)
	head := make([]byte, xattrHead)
	for i, n := range []uint32{xattrMagic, 1, 1, hash} { // magic, references, blocks, hash
		binary.LittleEndian.PutUint32(head[4*i:], n)
	}
	return append(head, list...)
}

// lay returns a list of attributes in room bytes: entries from the beginning, values from the end. Offsets of values are
// relative to the beginning of a block, base bytes before the list. The second result is the hash of all attributes.
func lay(all []xattr, room, base int) ([]byte, uint32) {
	le := binary.LittleEndian
	out := make([]byte, room)
	at, end, sum := 0, room, uint32(0)
	for _, x := range all {
		offset := 0
		if len(x.value) > 0 {
			end -= align(len(x.value))
			offset = base + end
			copy(out[end:], x.value)
		}
		hash := x.hash()
		out[at], out[at+1] = byte(len(x.name)), x.index
		le.PutUint16(out[at+2:], uint16(offset))
		le.PutUint32(out[at+8:], uint32(len(x.value)))
		le.PutUint32(out[at+12:], hash)
		copy(out[at+xattrEntry:], x.name)
		at += xattrEntry + align(len(x.name))
		sum = sum<<16 ^ sum>>16 ^ hash
	}
	return out, sum
}

// hash returns the hash of the name and the value, as the kernel computes it.
func (x xattr) hash() uint32 {
	hash := uint32(0)
	for i := range len(x.name) {
		hash = hash<<5 ^ hash>>27 ^ uint32(x.name[i])
	}
	value := append([]byte(x.value), 0, 0, 0)
	for ; len(value) > 3; value = value[4:] {
		hash = hash<<16 ^ hash>>16 ^ binary.LittleEndian.Uint32(value)
	}
	return hash
}
