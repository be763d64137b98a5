// Package tree decides what a layer contains: its paths, their kinds, their metadata and their order.
//
// A [Builder] collects entries in any order, from any number of origins, and Build turns them into the list that makes
// up a layer: paths are absolute and clean, every parent directory is present once, entries are in the byte order of
// their names in the archive, metadata rules have been applied, and no path occurs twice.
//
// Non-goals: reading files (package source), writing archives (package tarstream). The package does no IO: the content
// of a file is a [Content] that it passes on and never opens.
package tree

import (
	"io"
	"strings"
	"time"
)

// Kind is the kind of an entry.
type Kind uint8

// The kinds of entries.
const (
	File    Kind = iota // a regular file
	Dir                 // a directory
	Symlink             // a symbolic link

	CharDevice  // a character device
	BlockDevice // a block device
	FIFO        // a named pipe

	Whiteout // deletes the path from lower layers
	Opaque   // deletes the contents of the directory Path from lower layers

	// Hardlink is a further name of a file. Builder.Build makes it, from files with the same Inode; it cannot be added.
	Hardlink
)

var kindNames = [...]string{"file", "directory", "symlink", "character device", "block device", "named pipe",
	"whiteout", "opaque whiteout", "hard link"}

// String returns the kind in words.
func (k Kind) String() string { return kindNames[k] }

// isMark reports whether an entry of the kind is a whiteout, which has no metadata.
func (k Kind) isMark() bool { return k == Whiteout || k == Opaque }

// Content is the content of a file. A file whose content is nil is empty.
type Content interface {
	// Open returns the bytes and their number. The caller closes the reader. It is called from several goroutines.
	Open() (r io.ReadCloser, size int64, err error)
}

// Mode is permission bits (at most 07777), or unset: the zero value. A directory without a mode gets 0755; a file
// without one gets 0755 or 0644, depending on its content, when it is read.
type Mode uint32

// modeKnown marks a Mode that is set.
const modeKnown Mode = 1 << 31

// Perm returns the Mode with the given permission bits.
func Perm(bits uint32) Mode { return Mode(bits)&0o7777 | modeKnown }

// Known reports whether the mode is set.
func (m Mode) Known() bool { return m&modeKnown != 0 }

// Bits returns the permission bits, 0 if the mode is not set.
func (m Mode) Bits() uint32 { return uint32(m &^ modeKnown) }

// Entry is one path of a layer.
type Entry struct {
	// Path is absolute and clean, as [Clean] returns it. The root is "/".
	Path string
	Kind Kind
	Mode Mode
	// UID and GID are the owner's ids, 0 by default.
	UID, GID uint32
	// User and Group are the owner's names. They are empty by default: clients then use the ids.
	User, Group string
	// ModTime is the modification time. The zero value stands for the builder's default.
	ModTime time.Time
	// Target is the target of a symlink, in any form: relative, absolute, dangling. For a built hard link it is the name
	// in the archive of the file that it links to.
	Target string
	// Major and Minor are a device's numbers.
	Major, Minor uint32
	// Xattrs are the extended attributes, name -> value. The map may be shared by entries and is never changed.
	Xattrs map[string]string
	// Inode, unless nil, is comparable and identifies the file: files with equal inodes and the same metadata are stored
	// once. Their contents are the same.
	Inode any
	// Follow means that directories in the path may be symlinks of the layer, such as /lib -> usr/lib: the entry then
	// goes to their target. Without Follow, such a symlink is an error.
	Follow bool
	// Implied marks a directory that exists only for its contents and has no stated metadata. Builder.Build sets it for
	// the parents that it adds, and clears it for directories that another input or a rule for the path states.
	Implied bool
	// Content is the content of a file.
	Content Content
	// Origin is where the entry comes from, for messages.
	Origin string

	name      string
	requested string // the path before symlinks were followed, if it was a different one
}

// Name returns the entry's name in an archive: the path without the leading "/", and with a trailing "/" for a
// directory. The root's name is "./".
func (e *Entry) Name() string { return e.name }

// Final returns a copy of the entry with its name in an archive. It is for entries that are already as a builder leaves
// them, for example because they come from a merged file system.
func (e Entry) Final() *Entry {
	e.name = e.archiveName()
	return &e
}

// archiveName is Name for entries that are not built yet.
func (e *Entry) archiveName() string {
	switch {
	case e.Kind == Opaque:
		return e.key()[1:]
	case e.Kind == Whiteout:
		i := strings.LastIndexByte(e.Path, '/') + 1
		return e.Path[1:i] + whiteoutPrefix + e.Path[i:]
	case e.Path == "/":
		return "./"
	case e.Kind == Dir:
		return e.Path[1:] + "/"
	}
	return e.Path[1:]
}

// key identifies an entry in a layer: it is the path, or the path of the whiteout file inside an opaque directory.
func (e *Entry) key() string {
	if e.Kind == Opaque {
		return strings.TrimSuffix(e.Path, "/") + "/" + opaqueName
	}
	return e.Path
}
