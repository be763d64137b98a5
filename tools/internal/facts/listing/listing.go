// Package listing owns the listings of layers: for each entry of a layer's archive its path, type, metadata and, for a
// regular file, the SHA-256 of its content.
//
// A listing is JSON lines, compressed with zstd. The first line of a layer is its [Header], and the following lines are its
// entries, one [Entry] each, in the order of the archive. A file may contain the listings of several layers, one after the
// other. The bytes depend on the layers only.
//
// [Create] and [File.Add] read blobs and write listings. [Open] finds the listings of layers in files, and [Set.Merge] merges
// them into the file system of an image, without its blobs and by the rules of package rootfs. Listings are not trusted: reading
// bounds their size and checks every field.
//
// Non-goals: judging what a layer contains (packages check and expect).
package listing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Version is the version of the format.
const Version = 1

// The limits of a layer's listing, which also apply to the archive that it is made from.
const (
	maxEntries = 1 << 22
	// maxLine is enough for an entry whose extended header has the largest size that package tarfile allows.
	maxLine = 4 << 20
	// maxSize keeps the sum of all sizes in an int64.
	maxSize = 1 << 40
)

// Header is the first line of a layer's listing.
type Header struct {
	Version int           `json:"version"`
	DiffID  digest.Digest `json:"diff_id"`
	Digest  digest.Digest `json:"digest"`
	// Size is that of the blob.
	Size             int64 `json:"size"`
	UncompressedSize int64 `json:"uncompressed_size"`
	// Entries is the number of the lines that follow.
	Entries int `json:"entries"`
}

func (h Header) check() error {
	for _, d := range []digest.Digest{h.DiffID, h.Digest} {
		if _, err := digest.Parse(string(d)); err != nil {
			return err
		}
	}
	switch {
	case h.Version != Version:
		return fmt.Errorf("version %d, expected %d", h.Version, Version)
	case h.Size < 0 || h.UncompressedSize < 0:
		return errors.New("a size is negative")
	case h.Entries < 0 || h.Entries > maxEntries:
		return fmt.Errorf("%d entries, expected at most %d", h.Entries, maxEntries)
	}
	return nil
}

// Entry is an entry of a layer's archive.
type Entry struct {
	// Path is absolute and clean. For a whiteout, it is the deleted path; for an opaque whiteout, the directory whose contents
	// are deleted.
	Path string `json:"path"`
	// Type is file, directory, symlink, hardlink, char, block, fifo, whiteout or opaque.
	Type string `json:"type"`
	// Mode has the permission bits, including setuid, setgid and sticky.
	Mode uint32 `json:"mode"`
	UID  uint32 `json:"uid"`
	GID  uint32 `json:"gid"`
	// User and Group are the owner's names in the archive, if it has them.
	User  string `json:"user,omitempty"`
	Group string `json:"group,omitempty"`
	// Size is the number of bytes in a regular file.
	Size int64 `json:"size"`
	// ModTime is the modification time in seconds since 1970, and Nanoseconds is its fraction.
	ModTime     int64 `json:"mtime"`
	Nanoseconds int   `json:"mtime_ns,omitempty"`
	// Link is the target of a symlink, verbatim, or the clean path that a hard link leads to.
	Link string `json:"link,omitempty"`
	// Major and Minor are the numbers of a device.
	Major uint32 `json:"major,omitempty"`
	Minor uint32 `json:"minor,omitempty"`
	// Xattrs are the extended attributes.
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
	// SHA256 is the digest of a regular file's content in hexadecimal digits.
	SHA256 string `json:"sha256,omitempty"`
}

// types are the names of the kinds.
var types = map[tree.Kind]string{
	tree.File: "file", tree.Dir: "directory", tree.Symlink: "symlink", tree.Hardlink: "hardlink", tree.CharDevice: "char",
	tree.BlockDevice: "block", tree.FIFO: "fifo", tree.Whiteout: "whiteout", tree.Opaque: "opaque",
}

var kinds = func() map[string]tree.Kind {
	all := make(map[string]tree.Kind, len(types))
	for kind, name := range types {
		all[name] = kind
	}
	return all
}()

// TypeName returns the value of Entry.Type for a kind.
func TypeName(kind tree.Kind) string { return types[kind] }

// newEntry returns the entry that e describes, without the digest of its content.
func newEntry(e *tree.Entry, size int64) Entry {
	if e.Kind == tree.Whiteout || e.Kind == tree.Opaque {
		return Entry{Path: e.Path, Type: types[e.Kind]}
	}
	l := Entry{
		Path: e.Path, Type: types[e.Kind], Mode: e.Mode.Bits(), UID: e.UID, GID: e.GID, User: e.User, Group: e.Group, Size: size,
		ModTime: e.ModTime.Unix(), Nanoseconds: e.ModTime.Nanosecond(), Link: e.Target, Major: e.Major, Minor: e.Minor,
	}
	if len(e.Xattrs) > 0 {
		l.Xattrs = make(map[string][]byte, len(e.Xattrs))
		for name, value := range e.Xattrs {
			l.Xattrs[name] = []byte(value)
		}
	}
	return l
}

// listed returns the entry as package rootfs takes it.
func (e Entry) listed() rootfs.Listed {
	t := &tree.Entry{Path: e.Path, Kind: kinds[e.Type], Mode: tree.Perm(e.Mode), UID: e.UID, GID: e.GID, User: e.User,
		Group: e.Group, Target: e.Link, Major: e.Major, Minor: e.Minor}
	if t.Kind != tree.Whiteout && t.Kind != tree.Opaque {
		t.ModTime = time.Unix(e.ModTime, int64(e.Nanoseconds)).UTC()
	}
	if len(e.Xattrs) > 0 {
		t.Xattrs = make(map[string]string, len(e.Xattrs))
		for name, value := range e.Xattrs {
			t.Xattrs[name] = string(value)
		}
	}
	return rootfs.Listed{Entry: t, Size: e.Size}
}

func (e Entry) check() error {
	kind, ok := kinds[e.Type]
	if !ok {
		return fmt.Errorf("%q: unknown type %q", e.Path, e.Type)
	}
	err := checkPath(e.Path)
	sum, sumErr := hex.DecodeString(e.SHA256)
	switch {
	case err != nil:
		return err
	case e.Mode > 0o7777:
		return fmt.Errorf("%q: mode %#o", e.Path, e.Mode)
	case e.Size < 0 || e.Size > maxSize || e.Size > 0 && kind != tree.File:
		return fmt.Errorf("%q: size %d", e.Path, e.Size)
	case e.Nanoseconds < 0 || e.Nanoseconds > 999_999_999:
		return fmt.Errorf("%q: mtime_ns %d", e.Path, e.Nanoseconds)
	case (e.Link != "") != (kind == tree.Symlink || kind == tree.Hardlink):
		return fmt.Errorf("%q: link %q", e.Path, e.Link)
	case sumErr != nil || (len(sum) == 32) != (kind == tree.File) || len(sum) > 0 && kind != tree.File:
		return fmt.Errorf("%q: sha256 %q", e.Path, e.SHA256)
	}
	if kind == tree.Hardlink {
		return checkPath(e.Link)
	}
	return nil
}

func checkPath(path string) error {
	clean, err := tree.Clean(path)
	if err == nil && clean != path {
		err = fmt.Errorf("expected %q", clean)
	}
	if err != nil {
		return fmt.Errorf("path %q: %w", path, err)
	}
	return nil
}
