// Package rootfs merges the layers of an image into the file system that a container of the image starts with.
//
// [Merge] reads the layers once, from the lowest to the highest, and applies them to a tree: first a layer's deletions,
// then its entries in the order of its archive. docs/internals/rootfs.md states the rules, and how Docker, Podman and umoci differ.
//
// The result is a sorted list of entries. Each directory precedes its contents; whiteouts are gone; no path occurs twice or
// leads through a symlink. Each entry names the layer that it came from.
//
// Memory holds metadata only, up to a limit. Contents are streamed in a second pass, because only the last layer decides
// which contents survive, and because a hard link may name a file of any lower layer. [FileSystem.Contents] opens the
// layers with requested contents once more and passes the contents on in the order of the layers, so that no
// layer is read twice in a pass and nothing is written to disk. A caller that needs another order copies the contents to
// a place where it can seek. [FileSystem.Digests] is such a pass.
//
// Layers come from a [content.Source]: files, a layout, an archive or a registry. They may be packed in any way that
// package decompress supports. They are not trusted: each pass verifies the digest of every blob that it reads, and limits
// apply to the unpacked size of layers, to the memory for entries, and to the number of symlinks that a path leads through.
// [MergeEntries] merges layers whose entries were read before, and needs no blobs.
//
// Non-goals: choosing an image from an index, and writing file systems.
package rootfs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// FileSystem is the file system that results from merging the layers of an image. It is for one goroutine.
type FileSystem struct {
	stack   stack
	merger  *merger
	budget  budget
	entries []Entry
	paths   map[string]int // the positions of entries; filled by Find
}

// Entry is one path of the file system.
type Entry struct {
	// Path is absolute and clean. The root is "/".
	Path string
	// Layer is the layer, counted from 0, that created the entry or, for a directory, stated it last.
	Layer int
	// File is the file at the path. All names of one file share it.
	File *File
	// First is set for a hard link: it is the path of the first entry with the same File.
	First string
}

// File is the file that a path, or several hard links, lead to.
type File struct {
	// Kind is a file, a directory, a symlink, a device or a named pipe.
	Kind tree.Kind
	// Mode contains the permission bits.
	Mode uint32
	// UID and GID are the owner's numbers. Engines ignore the owner names in archives.
	UID, GID uint32
	// ModTime is the modification time, or the epoch for a directory that no layer states.
	ModTime time.Time
	// Size is the number of bytes in a regular file.
	Size int64
	// Target is where a symlink points.
	Target string
	// Major and Minor are a device's numbers.
	Major, Minor uint32
	// Xattrs are the extended attributes, name -> value.
	Xattrs map[string]string
	// Names is the number of entries that lead to the file.
	Names int
	// Layer is the layer, counted from 0, that contains the content and the metadata.
	Layer int
	// Implied marks a directory that no layer states, but that an entry needs as its parent.
	Implied bool

	// Number is the position of the file's entry in the archive of its layer, counted from 0.
	Number int

	runs []Run // nil if the content has no holes
}

// Image merges the layers of the image whose manifest is d.
func Image(ctx context.Context, src content.Source, d oci.Descriptor) (*FileSystem, error) {
	if !oci.IsManifest(d.MediaType) {
		return nil, fmt.Errorf("%s: media type %q is not an image manifest type", d.Digest, d.MediaType)
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

// Merge merges layers, the lowest first. src must keep their blobs for as long as contents are read.
func Merge(ctx context.Context, src content.Source, layers []oci.Descriptor) (*FileSystem, error) {
	f := &FileSystem{stack: stack{src, layers}, merger: newMerger(maxMemory)}
	if err := f.merge(ctx, 0); err != nil {
		return nil, err
	}
	return f, nil
}

// Add merges further layers on top. src must keep their blobs for as long as contents are read. The file system must not be
// used after an error.
func (f *FileSystem) Add(ctx context.Context, src content.Source, layers ...oci.Descriptor) error {
	from := len(f.stack.layers)
	f.stack = stack{content.Multi{f.stack.src, src}, slices.Concat(f.stack.layers, layers)}
	for _, e := range f.entries {
		e.File.Names = 0
	}
	return f.merge(ctx, from)
}

// merge applies the layers from the given one on.
func (f *FileSystem) merge(ctx context.Context, from int) error {
	for i := from; i < len(f.stack.layers); i++ {
		err := f.stack.read(ctx, i, &f.budget, func(number int, e *tree.Entry, r *tarfile.Reader) error {
			return f.merger.collect(number, e, r.Size(), r)
		})
		if err == nil {
			err = f.merger.apply(i)
		}
		if err != nil {
			return f.stack.named(i, err)
		}
	}
	f.entries, f.paths = f.merger.entries(), nil
	return nil
}

// Entries returns all entries: the root first, then the others in the byte order of their paths, where the path of a
// directory ends with "/". That is the order of entries in a layer. The caller must not change them.
func (f *FileSystem) Entries() []Entry { return f.entries }

// SamePlace reports whether two files of the same layer are one entry of its archive.
func (f *File) SamePlace(other *File) bool { return f.Number == other.Number }
