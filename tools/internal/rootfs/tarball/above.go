package tarball

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Above returns the entries of one layer that turns the file system lower, which the first layers of an image merge into,
// into fs, which all of its layers merge into. lowerLayers is the number of the first layers.
//
// The layer has whiteouts for removed paths, and no opaque marks. It states all parents of its entries as they are in fs,
// because engines disagree about parents that a layer does not state. If a name of a file with several names is new or
// changed, the layer has all of them, because a hard link cannot lead to a lower layer in every engine.
func Above(lower, fs *rootfs.FileSystem, lowerLayers int) []Item {
	d := difference{is: byPath(fs), wanted: make(map[string]bool)}
	changed := make(map[*rootfs.File]bool)
	for _, e := range fs.Entries() {
		if e.Layer >= lowerLayers && e.File.Kind != tree.Dir {
			changed[e.File] = true
		}
	}
	for _, e := range fs.Entries() {
		if e.Layer >= lowerLayers || changed[e.File] {
			d.want(e.Path)
		}
	}
	removed := d.removed(lower)
	for _, path := range removed {
		d.want(parent(path))
	}
	var items []Item
	first := make(map[*rootfs.File]string)
	for _, e := range fs.Entries() {
		if d.wanted[e.Path] {
			items = append(items, item(e.Path, e.File, first[e.File]))
			first[e.File] = cmp.Or(first[e.File], e.Path)
		}
	}
	for _, path := range removed {
		mark := tree.Entry{Path: path, Kind: tree.Whiteout, Mode: tree.Perm(0o644), ModTime: epoch}
		items = append(items, Item{Entry: mark.Final()})
	}
	return sorted(items)
}

var epoch = time.Unix(0, 0)

// difference is the difference between two file systems.
type difference struct {
	is     map[string]*rootfs.File // the new one
	wanted map[string]bool         // the paths in the new one that the layer states
}

func byPath(fs *rootfs.FileSystem) map[string]*rootfs.File {
	all := make(map[string]*rootfs.File, len(fs.Entries()))
	for _, e := range fs.Entries() {
		all[e.Path] = e.File
	}
	return all
}

// want adds a path and all of its parents.
func (d *difference) want(path string) {
	for ; !d.wanted[path]; path = parent(path) {
		d.wanted[path] = true
	}
}

// removed returns the paths that are gone, without those below a path that is gone or that is no longer a directory.
func (d *difference) removed(lower *rootfs.FileSystem) []string {
	var paths []string
	for _, e := range lower.Entries() {
		if d.is[e.Path] != nil {
			continue
		}
		if dir := d.is[parent(e.Path)]; dir != nil && dir.Kind == tree.Dir {
			paths = append(paths, e.Path)
		}
	}
	return paths
}

// parent returns the directory of a clean path; that of the root is the root.
func parent(path string) string {
	return cmp.Or(path[:strings.LastIndexByte(path, '/')], "/")
}

// sorted sorts items by their names in an archive.
func sorted(items []Item) []Item {
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Name(), b.Name()) })
	return items
}
