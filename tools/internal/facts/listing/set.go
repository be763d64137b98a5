package listing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// ErrMissing is returned for a layer without a listing: its bytes are not part of the build.
var ErrMissing = errors.New("the layer has no listing")

// Set is the listings in some files.
type Set struct {
	places map[digest.Digest]place // by the digests of the blobs
}

// place is where a listing is.
type place struct {
	header Header
	path   string
	number int // of listings in front of it
}

// Open finds the listings in files.
func Open(paths ...string) (*Set, error) {
	s := &Set{make(map[digest.Digest]place)}
	for _, path := range paths {
		if err := s.add(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return s, nil
}

func (s *Set) add(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := NewReader(f)
	if err != nil {
		return err
	}
	defer r.Close()
	for number := 0; ; number++ {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := s.places[h.Digest]; !ok {
			s.places[h.Digest] = place{h, path, number}
		}
	}
}

// Header returns the header of a layer's listing. The result is false if there is no listing.
func (s *Set) Header(d digest.Digest) (Header, bool) {
	p, ok := s.places[d]
	return p.header, ok
}

// Missing returns the layers without listings.
func (s *Set) Missing(layers []oci.Descriptor) []oci.Descriptor {
	var all []oci.Descriptor
	for _, d := range layers {
		if _, ok := s.places[d.Digest]; !ok {
			all = append(all, d)
		}
	}
	return all
}

// Entries returns the entries of a layer, in the order of its archive. An error ends them.
func (s *Set) Entries(d digest.Digest) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := s.visit(d, yield); err != nil {
			yield(Entry{}, err)
		}
	}
}

// visit is Entries. It does not return the errors that yield got.
func (s *Set) visit(d digest.Digest, yield func(Entry, error) bool) error {
	p, ok := s.places[d]
	if !ok {
		return ErrMissing
	}
	f, err := os.Open(p.path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := NewReader(f)
	if err != nil {
		return err
	}
	defer r.Close()
	for range p.number + 1 {
		if _, err := r.Next(); err != nil {
			return fmt.Errorf("%s: %w", p.path, unexpected(err))
		}
	}
	for e, err := range r.Entries() {
		if !yield(e, err) || err != nil {
			return nil
		}
	}
	return nil
}

// FileSystem is the merged file system of an image, without the contents of its files.
type FileSystem struct {
	*rootfs.FileSystem
	layers []contents
}

// contents holds facts about the regular files of a layer.
type contents struct {
	sums  map[int][32]byte // by the position in the archive
	bytes int64            // of all files
}

// Merge merges layers, the lowest first. It fails with [ErrMissing] if one has no listing.
func (s *Set) Merge(layers []oci.Descriptor) (*FileSystem, error) {
	f := &FileSystem{layers: make([]contents, len(layers))}
	merged, err := rootfs.MergeEntries(layers, func(i int) iter.Seq2[rootfs.Listed, error] {
		return f.layers[i].record(s.Entries(layers[i].Digest))
	})
	f.FileSystem = merged
	return f, err
}

// record passes entries on, and keeps the facts.
func (c *contents) record(entries iter.Seq2[Entry, error]) iter.Seq2[rootfs.Listed, error] {
	c.sums = make(map[int][32]byte)
	return func(yield func(rootfs.Listed, error) bool) {
		number := 0
		for e, err := range entries {
			if err == nil && kinds[e.Type] == tree.File {
				c.bytes += e.Size
				var sum [32]byte
				hex.Decode(sum[:], []byte(e.SHA256)) // the Reader has checked it
				c.sums[number] = sum
			}
			number++
			if !yield(e.listed(), err) {
				return
			}
		}
	}
}

// SHA256 returns the digest of a regular file's content in hexadecimal digits, or "" for other files.
func (f *FileSystem) SHA256(file *rootfs.File) string {
	if file.Kind != tree.File {
		return ""
	}
	sum := f.layers[file.Layer].sums[file.Number]
	return hex.EncodeToString(sum[:])
}

// Wasted returns for each layer, the lowest first, the number of bytes in contents of its files that no path of the file
// system shows, because a layer replaces or deletes them. A content with several names is one, and shown if one of them is.
func (f *FileSystem) Wasted() []int64 {
	wasted := make([]int64, len(f.layers))
	for i, layer := range f.layers {
		wasted[i] = layer.bytes
	}
	for _, e := range f.Entries() {
		if e.First == "" && e.File.Kind == tree.File {
			wasted[e.File.Layer] -= e.File.Size
		}
	}
	return wasted
}
