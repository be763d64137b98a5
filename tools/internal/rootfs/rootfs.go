// Package rootfs merges the layers of an image into the file system that a container of the image starts with.
//
// [Merge] reads the layers once, from the lowest to the highest, and applies them to a tree: first the deletions of a
// layer, then its entries in their order. docs/rootfs.md states the rules, and where Docker, Podman and umoci differ.
//
// The result is a list of entries, sorted, each below a directory that comes before it. It has no marks of deletions, no
// path twice, and no path that leads through a symlink. Each entry says which layer it came from.
//
// Memory holds metadata only, up to a limit. Contents are streamed, in a second pass: only after the last layer is known
// which contents survive, and a hard link may name a file of any lower layer. [FileSystem.Contents] opens again those
// layers that hold contents that the caller wants, and hands these out in the order in which the layers hold them: no
// layer is read twice in a pass, and nothing is kept on disk. A caller that needs another order copies the contents to
// where it can seek. [FileSystem.Digests] is such a pass.
//
// Layers come from a [content.Source], which may be files, a layout, an archive or a registry, and are packed in any way
// that package decompress knows. They are not trusted: both passes verify the digest of every blob that they read, and
// what a layer unpacks to, what its entries take in memory, and how far a path leads through symlinks is bounded.
//
// Non-goals: choosing an image of an index, and writing file systems.
package rootfs

import (
	"context"
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// FileSystem is what the layers of an image merge into.
type FileSystem struct {
	stack   stack
	entries []Entry
}

// Entry is one path of the file system.
type Entry struct {
	// Path is absolute and clean. The root is "/".
	Path string
	// Layer is the layer, counted from 0, that put the entry here. For a directory it is the last one that stated it.
	Layer int
	// File is what is at the path. The names of one file share it.
	File *File
	// First is the path of the file's first name in the order of the entries if this is a further one: a hard link.
	First string
}

// File is what one path, or several by hard links, lead to.
type File struct {
	// Kind is that of a file, a directory, a symlink, a device or a named pipe.
	Kind tree.Kind
	// Mode is permission bits.
	Mode uint32
	// UID and GID are the owner's numbers. Engines ignore the names that archives have for them.
	UID, GID uint32
	// ModTime is the modification time that a layer states, the epoch for a directory that none states.
	ModTime time.Time
	// Size is the number of bytes that a file holds.
	Size int64
	// Target is where a symlink points.
	Target string
	// Major and Minor are a device's numbers.
	Major, Minor uint32
	// Xattrs are the extended attributes, name -> value.
	Xattrs map[string]string
	// Names is the number of entries that lead to the file.
	Names int
	// Layer is the layer, counted from 0, that holds the content and the metadata.
	Layer int
	// Implied marks a directory that no layer states: it is there for what it holds.
	Implied bool

	number int // of the archive's entry with the content, counted from 0
}

// Image merges the layers of the image whose manifest is d.
func Image(ctx context.Context, src content.Source, d oci.Descriptor) (*FileSystem, error) {
	if !oci.IsManifest(d.MediaType) {
		return nil, fmt.Errorf("%s: media type %q is not that of an image manifest", d.Digest, d.MediaType)
	}
	data, err := content.ReadAll(ctx, src, d)
	if err != nil {
		return nil, err
	}
	manifest, err := oci.ParseManifest(data, d.MediaType)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	return Merge(ctx, src, manifest.Layers)
}

// Merge merges layers, the lowest first. src must hold their blobs for as long as contents are read.
func Merge(ctx context.Context, src content.Source, layers []oci.Descriptor) (*FileSystem, error) {
	s := stack{src, layers}
	m := newMerger(maxMemory)
	var budget budget
	for i := range layers {
		err := s.read(ctx, i, &budget, m.collect)
		if err == nil {
			err = m.apply(i)
		}
		if err != nil {
			return nil, s.named(i, err)
		}
	}
	return &FileSystem{s, m.entries()}, nil
}

// Entries returns all entries in the order in which a layer would have them: the root first, then in the byte order of
// their names, where that of a directory ends with "/". The caller must not change them.
func (f *FileSystem) Entries() []Entry { return f.entries }
