// Package tree holds what a layer contains: which paths, of which kind, with which metadata, in which order.
//
// A [Builder] collects entries in any order, from any number of origins, and Build turns them into the one list that a
// layer is made of: paths are absolute and clean, every parent directory is present once, entries are in the byte order
// of their names in the archive, metadata rules have been applied, and no path has two different owners.
//
// Non-goals: reading files (package source), writing archives (package tarstream). The package does no IO: what a file
// holds is a [Content] that it passes on and never opens.
package tree

import (
	"io"
	"strings"
	"time"
)

// Kind is what an entry is.
type Kind uint8

// The kinds of entries.
const (
	File    Kind = iota // a regular file
	Dir                 // a directory
	Symlink             // a symbolic link

	CharDevice  // a character device
	BlockDevice // a block device
	FIFO        // a named pipe

	Whiteout // the mark that the path of a lower layer is gone
	Opaque   // the mark that what lower layers hold in the directory Path is gone

	// Hardlink is a further name of a file. Builder.Build makes it, from files with one Inode; nobody adds it.
	Hardlink
)

var kindNames = [...]string{"file", "directory", "symlink", "character device", "block device", "named pipe",
	"whiteout", "mark of an opaque directory", "hard link"}

// String returns the kind in words.
func (k Kind) String() string { return kindNames[k] }

// isMark reports whether an entry of the kind says something of lower layers, and has no metadata of its own.
func (k Kind) isMark() bool { return k == Whiteout || k == Opaque }

// Content is what a file holds. A file whose content is nil is empty.
type Content interface {
	// Open returns the bytes and how many there are. The caller closes the reader. It is called from several goroutines.
	Open() (r io.ReadCloser, size int64, err error)
}

// Mode is permission bits (at most 07777), or nothing: the zero value leaves the decision open. A directory without a
// mode gets 0755; a file without one gets 0755 or 0644 by its content, when it is read.
type Mode uint32

// modeKnown marks a Mode that was stated.
const modeKnown Mode = 1 << 31

// Perm returns the Mode with the given permission bits.
func Perm(bits uint32) Mode { return Mode(bits)&0o7777 | modeKnown }

// Known reports whether the mode was stated.
func (m Mode) Known() bool { return m&modeKnown != 0 }

// Bits returns the permission bits, 0 if none were stated.
func (m Mode) Bits() uint32 { return uint32(m &^ modeKnown) }

// Entry is one path of a layer.
type Entry struct {
	// Path is absolute and clean, as [Clean] returns it. The root is "/".
	Path string
	Kind Kind
	Mode Mode
	// UID and GID are the owner's numbers, 0 by default.
	UID, GID uint32
	// User and Group are the owner's names. They are empty by default: clients then use the numbers.
	User, Group string
	// ModTime is the modification time. The zero value stands for the builder's default.
	ModTime time.Time
	// Target is where a symlink points, in any form: relative, absolute, dangling. A built hard link's is the name in the
	// archive of the file that it is a name of.
	Target string
	// Major and Minor are a device's numbers.
	Major, Minor uint32
	// Xattrs are the extended attributes, name -> value. The map may be shared by entries and is never changed.
	Xattrs map[string]string
	// Inode, unless nil, is comparable and tells which files are one: those with equal ones and the same metadata are
	// stored once. Their contents are the same.
	Inode any
	// Follow tells that directories of the path may be symlinks of the layer, as where /lib leads to /usr/lib: the entry
	// then goes to where they lead. Where it is not set, such a symlink is an error.
	Follow bool
	// Implied marks a directory that is there for what it holds: nobody stated its metadata. Builder.Build sets it
	// for the parents that it adds, and takes it from those that another input or a rule for the path states.
	Implied bool
	// Content is what a file holds.
	Content Content
	// Origin says where the entry comes from, for messages.
	Origin string

	name  string
	asked string // the path before symlinks were followed, if it was another one
}

// Name returns the entry's name in an archive: the path without the leading "/", and with a "/" at the end of a
// directory's. The root's name is "./".
func (e *Entry) Name() string { return e.name }

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

// key is what no two entries of a layer share: the path. The mark of an opaque directory is a file in it.
func (e *Entry) key() string {
	if e.Kind == Opaque {
		return strings.TrimSuffix(e.Path, "/") + "/" + opaqueName
	}
	return e.Path
}
