// Package tarball writes tars: of a whole file system, or of a layer that turns one file system into another.
//
// Headers are those of package tarstream, and entries are in the order of their names, as in every layer of this project.
package tarball

import (
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/disk"
)

// Item is an entry of the tar.
type Item struct {
	*tree.Entry
	// File has the content of a regular file. It is nil for other entries.
	File *rootfs.File
}

// All returns the entries of a whole file system.
func All(fs *rootfs.FileSystem) []Item {
	items := make([]Item, 0, len(fs.Entries()))
	for _, e := range fs.Entries() {
		items = append(items, item(e.Path, e.File, e.First))
	}
	return sorted(items)
}

// item returns the entry for a file, or for a hard link if the file has an entry at the path first already.
func item(path string, f *rootfs.File, first string) Item {
	e := tree.Entry{
		Path: path, Kind: f.Kind, Mode: tree.Perm(disk.Mode(f)), UID: f.UID, GID: f.GID, ModTime: f.ModTime,
		Target: f.Target, Major: f.Major, Minor: f.Minor, Xattrs: f.Xattrs,
	}
	switch {
	case first != "":
		e.Kind, e.Target, e.Major, e.Minor, e.Xattrs = tree.Hardlink, first[1:], 0, 0, nil
	case f.Kind == tree.File:
		return Item{e.Final(), f}
	}
	return Item{e.Final(), nil}
}

// New plans the tar of the items.
func New(items []Item) (*disk.Plan, error) {
	p := &disk.Plan{Contents: make(map[*rootfs.File][]disk.Extent)}
	places := make([]int64, len(items))
	var header []byte
	for i, item := range items {
		size := item.size()
		var err error
		if header, err = item.header(header[:0]); err != nil {
			return nil, fmt.Errorf("entry %q: %w", item.Path, err)
		}
		places[i] = p.Size
		p.Size += int64(len(header))
		if size > 0 {
			p.Contents[item.File] = []disk.Extent{{From: 0, To: p.Size, Size: size}}
			p.Size += size + int64(tarstream.Padding(size))
		}
	}
	p.Size += int64(len(tarstream.End()))
	p.Metadata = func(w io.WriterAt) error {
		for i, item := range items {
			var err error
			if header, err = item.header(header[:0]); err != nil {
				return err
			}
			if _, err := w.WriteAt(header, places[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return p, nil
}

func (i Item) size() int64 {
	if i.File == nil {
		return 0
	}
	return i.File.Size
}

func (i Item) header(b []byte) ([]byte, error) {
	return tarstream.AppendHeader(b, i.Entry, i.size(), i.Mode.Bits())
}
