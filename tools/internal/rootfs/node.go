package rootfs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// node is an entry in the tree.
type node struct {
	path     string
	layer    int
	parent   *node // the root is its own parent
	file     *File
	children map[string]*node // of a directory
}

// is reports whether the node exists and its file is of the kind.
func (n *node) is(kind tree.Kind) bool { return n != nil && n.file.Kind == kind }

// holds reports whether the node exists and other is below it.
func (n *node) holds(other *node) bool { return n != nil && strings.HasPrefix(other.path, n.path+"/") }

// join returns the path of a name in a directory.
func join(dir, name string) string { return strings.TrimSuffix(dir, "/") + "/" + name }

// split cuts a clean path into its directory, which is empty for the root, and its last name.
func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// maxLinks is the number of symlinks that one path may lead through. Linux has the same limit.
const maxLinks = 40

var errLoop = errors.New("its path leads through too many symlinks")

// walk finds one directory. It follows symlinks, and never leaves the root.
type walk struct {
	*merger
	links  int
	create bool // create missing directories
}

// find returns the directory at path, or nil if none exists.
func (m *merger) find(path string) (*node, error) {
	w := walk{merger: m}
	return w.lead(m.root, path)
}

// ensure returns the directory at path, and creates it if nothing exists there.
func (m *merger) ensure(path string) (*node, error) {
	w := walk{merger: m, create: true}
	return w.lead(m.root, path)
}

// lead returns the directory that path leads to from the directory at.
func (w *walk) lead(at *node, path string) (*node, error) {
	if strings.HasPrefix(path, "/") {
		at = w.root
	}
	for name := range strings.SplitSeq(path, "/") {
		var err error
		if at, err = w.step(at, name); at == nil {
			return nil, err
		}
	}
	return at, nil
}

// step returns the directory that name leads to from the directory at.
func (w *walk) step(at *node, name string) (*node, error) {
	switch name {
	case "", ".":
		return at, nil
	case "..":
		return at.parent, nil
	}
	next := at.children[name]
	switch {
	case next.is(tree.Dir):
		return next, nil
	case next.is(tree.Symlink):
		return w.follow(at, next.file.Target)
	case !w.create:
		return nil, nil
	case next != nil:
		return nil, fmt.Errorf("%s is a %s of layer %d, not a directory", next.path, next.file.Kind, next.layer+1)
	}
	return w.place(at, name, implied(w.layer))
}

// follow returns the directory that a symlink in the directory at leads to. Following a symlink costs as much as storing
// it would, so the memory limit also bounds the time.
func (w *walk) follow(at *node, target string) (*node, error) {
	if w.links++; w.links > maxLinks {
		return nil, errLoop
	}
	if err := w.spend(len(target)); err != nil {
		return nil, err
	}
	return w.lead(at, target)
}

// entries returns the entries of the whole tree.
func (m *merger) entries() []Entry {
	var all []Entry
	first := make(map[*File]string)
	var add func(n *node)
	add = func(n *node) {
		n.file.Names++
		all = append(all, Entry{Path: n.path, Layer: n.layer, File: n.file, First: first[n.file]})
		first[n.file] = cmp.Or(first[n.file], n.path)
		children := slices.SortedFunc(maps.Values(n.children), func(a, b *node) int {
			return cmp.Compare(a.sortKey(), b.sortKey())
		})
		for _, child := range children {
			add(child)
		}
	}
	add(m.root)
	return all
}

// sortKey returns the path, with a "/" at the end for a directory. Names in archives are sorted in this way.
func (n *node) sortKey() string {
	if n.is(tree.Dir) {
		return n.path + "/"
	}
	return n.path
}
