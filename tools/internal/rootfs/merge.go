package rootfs

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

const (
	// maxMemory bounds the memory for the entries of all layers, in bytes. It is enough for more than a million.
	maxMemory = 1 << 30
	// entryCost is roughly the memory for an entry in addition to its strings: once in its layer, once in the tree.
	entryCost = 250
)

var errTooMany = errors.New("the layers have too many entries")

// merger applies layers to a tree.
type merger struct {
	root  *node
	layer int        // the layer that is being applied
	marks []*scanned // the deletions in the next layer
	added []*scanned // the other entries in the next layer
	left  int        // bytes of memory; removing an entry returns none of them
	block []byte     // scratch
}

// scanned is an entry of a layer's archive.
type scanned struct {
	*tree.Entry
	size   int64
	number int
	runs   []Run
}

func newMerger(memory int) *merger {
	m := &merger{left: memory, block: make([]byte, BlockSize)}
	m.root = &node{path: "/", file: implied(0)}
	m.root.parent = m.root
	return m
}

// implied returns a directory that no layer states.
func implied(layer int) *File {
	return &File{Kind: tree.Dir, Mode: 0o755, ModTime: time.Unix(0, 0), Layer: layer, Implied: true}
}

// spend subtracts memory from the budget.
func (m *merger) spend(bytes int) error {
	if m.left -= bytes; m.left < 0 {
		return errTooMany
	}
	return nil
}

// collect adds an entry to the next layer. size is that of its content, and r has the content unless it is nil.
func (m *merger) collect(number int, e *tree.Entry, size int64, r io.Reader) error {
	cost := entryCost + len(e.Path) + len(e.Target)
	for name, value := range e.Xattrs {
		cost += entryCost + len(name) + len(value)
	}
	if err := m.spend(cost); err != nil {
		return err
	}
	s := &scanned{Entry: e, size: size, number: number}
	switch e.Kind {
	case tree.Whiteout, tree.Opaque:
		m.marks = append(m.marks, s)
		return nil
	case tree.Hardlink:
	default:
		if err := e.Check(); err != nil {
			return fmt.Errorf("entry %q: %w", e.Path, err)
		}
	}
	if e.Kind == tree.File && s.size > 0 && r != nil {
		// The whole layer is unpacked in any case, so this is the cheapest time to find holes.
		var err error
		if s.runs, err = scan(r, s.size, m.block, m.spend); err != nil {
			return fmt.Errorf("entry %q: %w", e.Path, err)
		}
	}
	m.added = append(m.added, s)
	return nil
}

// apply applies the collected layer. Deletions come first: they affect lower layers only, regardless of their position in
// the archive ("layer.md", Whiteouts).
func (m *merger) apply(layer int) error {
	m.layer = layer
	for _, change := range []struct {
		entries []*scanned
		apply   func(*scanned) error
	}{{m.marks, m.remove}, {m.added, m.add}} {
		for _, e := range change.entries {
			if err := change.apply(e); err != nil {
				return fmt.Errorf("entry %q: %w", e.Path, err)
			}
		}
	}
	m.marks, m.added = nil, nil
	return nil
}

// remove removes the path that a whiteout names, or the children of an opaque directory, if they exist.
func (m *merger) remove(e *scanned) error {
	path, name := e.Path, ""
	if e.Kind == tree.Whiteout {
		path, name = split(path)
	}
	dir, err := m.find(path)
	switch {
	case dir == nil:
		return err
	case e.Kind == tree.Whiteout:
		delete(dir.children, name)
	default:
		dir.children = nil
	}
	return nil
}

// add adds an entry. A directory that is stated again keeps its children; any other entry replaces the existing file at the
// path, and everything below it.
func (m *merger) add(e *scanned) error {
	if e.Path == "/" {
		return m.addRoot(e)
	}
	path, name := split(e.Path)
	dir, err := m.ensure(path)
	if err != nil {
		return err
	}
	old := dir.children[name]
	switch {
	case e.Kind == tree.Hardlink:
		return m.link(dir, name, e.Target)
	case e.Kind == tree.Dir && old.is(tree.Dir):
		old.file, old.layer = m.file(e), m.layer
		return nil
	}
	_, err = m.place(dir, name, m.file(e))
	return err
}

func (m *merger) addRoot(e *scanned) error {
	if e.Kind != tree.Dir {
		return fmt.Errorf("the root cannot be a %s", e.Kind)
	}
	m.root.file, m.root.layer = m.file(e), m.layer
	return nil
}

// link gives the file at the clean path target another name in dir.
func (m *merger) link(dir *node, name, target string) error {
	path, base := split(target)
	from, err := m.find(path)
	if err != nil {
		return err
	}
	var to *node
	if from != nil {
		to = from.children[base]
	}
	old := dir.children[name]
	switch {
	case to == nil || old.holds(to):
		return fmt.Errorf("hard link to %q, which does not exist", target)
	case to.is(tree.Dir):
		return fmt.Errorf("hard link to %q, which is a directory", target)
	case to == old:
		return errors.New("hard link to itself")
	}
	_, err = m.place(dir, name, to.file)
	return err
}

// place puts a file into a directory, and replaces the previous file of the name.
func (m *merger) place(dir *node, name string, file *File) (*node, error) {
	// The path must be checked again: symlinks may lead to one that is too long, and their targets may contain any name.
	path, err := tree.Clean(join(dir.path, name))
	if err != nil {
		return nil, fmt.Errorf("symlinks lead to %q: %w", join(dir.path, name), err)
	}
	if err := m.spend(entryCost + len(path)); err != nil {
		return nil, err
	}
	if dir.children == nil {
		dir.children = make(map[string]*node)
	}
	n := &node{path: path, layer: m.layer, parent: dir, file: file}
	dir.children[name] = n
	return n, nil
}

// file returns the file that an entry describes.
func (m *merger) file(e *scanned) *File {
	return &File{
		Kind: e.Kind, Mode: e.Mode.Bits(), UID: e.UID, GID: e.GID, ModTime: e.ModTime, Size: e.size,
		Target: e.Target, Major: e.Major, Minor: e.Minor, Xattrs: e.Xattrs, Layer: m.layer, Number: e.number, runs: e.runs,
	}
}
