// Package tarstream decides every byte of a layer's tar except the contents of files.
//
// The format is POSIX ustar; an entry gets a pax extended header only for fields that need one, in the order of their
// keywords. Nothing depends on the machine: no clock, no process id, no user table. docs/internals/format.md states the
// policy for each field.
//
// Non-goals: reading archives, ordering entries (package tree), moving content (package layer).
package tarstream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// BlockSize is the unit of a tar, in bytes. Headers and contents are padded to it.
const BlockSize = 512

// The fields of a ustar header block: offset and width in bytes (POSIX.1-2017, pax, "ustar Interchange Format").
var (
	fieldName     = field{0, 100}
	fieldMode     = field{100, 8}
	fieldUID      = field{108, 8}
	fieldGID      = field{116, 8}
	fieldSize     = field{124, 12}
	fieldModTime  = field{136, 12}
	fieldChecksum = field{148, 8}
	fieldType     = field{156, 1}
	fieldLink     = field{157, 100}
	fieldMagic    = field{257, 8}  // magic and version
	fieldUser     = field{265, 31} // 32 with the terminating NUL
	fieldGroup    = field{297, 31} // 32 with the terminating NUL
	fieldMajor    = field{329, 8}
	fieldMinor    = field{337, 8}
	fieldPrefix   = field{345, 155}
)

// Entry types.
const (
	typeFile = '0'
	typePax  = 'x'
)

// types maps kinds to types. Kinds that are not listed are regular files, including whiteouts.
var types = [...]byte{
	tree.Hardlink:    '1',
	tree.Symlink:     '2',
	tree.CharDevice:  '3',
	tree.BlockDevice: '4',
	tree.Dir:         '5',
	tree.FIFO:        '6',
}

// paxXattr is the prefix of an extended attribute's keyword. GNU tar, bsdtar and all container engines support it.
const paxXattr = "SCHILY.xattr."

// magic is "ustar", NUL, and the version "00".
const magic = "ustar\x0000"

// paxName is the name of every extended header. Readers ignore it.
const paxName = "././@PaxHeader"

// AppendHeader appends the header blocks of an entry to dst. size is the size of a file's content, or 0 for other kinds;
// mode is the permission bits. The number of bytes appended does not depend on mode.
func AppendHeader(dst []byte, e *tree.Entry, size int64, mode uint32) ([]byte, error) {
	if size < 0 {
		return dst, fmt.Errorf("the size %d is negative", size)
	}
	h := header{name: e.Name(), link: e.Target, mode: int64(mode), kind: typeFile}
	if kind := types[e.Kind]; kind != 0 {
		h.kind = kind
	}
	h.major, h.minor = int64(e.Major), int64(e.Minor)
	var pax records // filled in the byte order of the keywords
	for _, name := range slices.Sorted(maps.Keys(e.Xattrs)) {
		pax.add(paxXattr+name, e.Xattrs[name])
	}
	h.gid = pax.number("gid", int64(e.GID), fieldGID)
	h.group = pax.text("gname", e.Group, fieldGroup.width)
	if h.link = pax.text("linkpath", e.Target, fieldLink.width); h.link == "" && e.Target != "" {
		h.link = noASCII
	}
	h.modTime = pax.time("mtime", e.ModTime)
	if prefix, name, ok := splitName(h.name); ok {
		h.prefix, h.name = prefix, name
	} else {
		h.name = pax.text("path", h.name, 0)
	}
	h.size = pax.number("size", size, fieldSize)
	h.uid = pax.number("uid", int64(e.UID), fieldUID)
	h.user = pax.text("uname", e.User, fieldUser.width)
	return h.append(pax.append(dst)), nil
}

// Padding returns the number of zero bytes that follow a content of size bytes.
func Padding(size int64) int { return int(-size & (BlockSize - 1)) }

// End returns the end of an archive: two blocks of zeros, without further padding.
func End() []byte { return make([]byte, 2*BlockSize) }

// noASCII replaces a link's target without ASCII characters: bsdtar ignores the target if the block has none.
const noASCII = "_"

// header is the content of one ustar header block.
type header struct {
	name, prefix, link, user, group string
	mode, size, modTime, uid, gid   int64
	major, minor                    int64
	kind                            byte
}

func (h *header) append(dst []byte) []byte {
	var b [BlockSize]byte
	fieldName.putText(&b, h.name)
	fieldMode.putNumber(&b, h.mode)
	fieldUID.putNumber(&b, h.uid)
	fieldGID.putNumber(&b, h.gid)
	fieldSize.putNumber(&b, h.size)
	fieldModTime.putNumber(&b, h.modTime)
	b[fieldType.offset] = h.kind
	fieldLink.putText(&b, h.link)
	fieldMagic.putText(&b, magic)
	fieldUser.putText(&b, h.user)
	fieldGroup.putText(&b, h.group)
	fieldMajor.putNumber(&b, h.major)
	fieldMinor.putNumber(&b, h.minor)
	fieldPrefix.putText(&b, h.prefix)
	putChecksum(&b)
	return append(dst, b[:]...)
}

// putChecksum writes the sum of the block's bytes, counting the checksum field itself as spaces: six octal digits, NUL,
// space.
func putChecksum(b *[BlockSize]byte) {
	sum := fieldChecksum.width * ' '
	for _, c := range b {
		sum += int(c)
	}
	field{fieldChecksum.offset, 7}.putNumber(b, int64(sum))
	b[fieldChecksum.offset+7] = ' '
}

// field is a place in a header block.
type field struct{ offset, width int }

func (f field) putText(b *[BlockSize]byte, text string) {
	copy(b[f.offset:f.offset+f.width], text)
}

// putNumber writes an octal number with leading zeros and a NUL at the end.
func (f field) putNumber(b *[BlockSize]byte, n int64) {
	for i := f.offset + f.width - 2; i >= f.offset; i-- {
		b[i] = '0' + byte(n&7)
		n >>= 3
	}
}

// max is the largest number the field can hold.
func (f field) max() int64 { return 1<<(3*(f.width-1)) - 1 }

// splitName splits a name into ustar's prefix and name, at the last "/" for which both fit. ok is false if there is
// none, or if the name is not ASCII.
func splitName(name string) (prefix, rest string, ok bool) {
	switch {
	case !isASCII(name):
		return "", "", false
	case len(name) <= fieldName.width:
		return "", name, true
	}
	last := min(len(name)-1, fieldPrefix.width+1) // the "/" between the parts is not stored
	i := strings.LastIndexByte(name[:last], '/')
	if i <= 0 || len(name)-i-1 > fieldName.width {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

func isASCII(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// wholeSeconds returns the seconds of t, and whether the header block can hold t exactly.
func wholeSeconds(t time.Time) (int64, bool) {
	seconds := t.Unix()
	return seconds, t.Nanosecond() == 0 && seconds >= 0 && seconds <= fieldModTime.max()
}
