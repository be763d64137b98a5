package rootfs

import (
	"errors"
	"fmt"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

const (
	// maxMemory bounds what the entries of all layers may take, in bytes: some two million of them.
	maxMemory = 1 << 30
	// entryCost is about what an entry takes beside its texts.
	entryCost = 400
)

var errTooMany = errors.New("the layers have too many entries")

// merger applies layers to a tree.
type merger struct {
	root  *node
	layer int        // the one that is applied
	marks []*scanned // deletions of the next layer
	added []*scanned // the other entries of the next layer
	left  int        // bytes of memory, also those that entries took that are gone
}

// scanned is an entry of a layer's archive.
type scanned struct {
	*tree.Entry
	size   int64
	number int
}

func newMerger(memory int) *merger {
	m := &merger{left: memory}
	m.root = &node{path: "/", file: implied(0)}
	m.root.parent = m.root
	return m
}

// implied returns a directory that no layer states.
func implied(layer int) *File {
	return &File{Kind: tree.Dir, Mode: 0o755, ModTime: time.Unix(0, 0), Layer: layer, Implied: true}
}

// spend takes memory from what is left.
func (m *merger) spend(bytes int) error {
	if m.left -= bytes; m.left < 0 {
		return errTooMany
	}
	return nil
}

// collect takes an entry of the next layer.
func (m *merger) collect(number int, e *tree.Entry, r *tarfile.Reader) error {
	cost := 2*entryCost + len(e.Path) + len(e.Target)
	for name, value := range e.Xattrs {
		cost += entryCost + len(name) + len(value)
	}
	if err := m.spend(cost); err != nil {
		return err
	}
	s := &scanned{e, r.Size(), number}
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
	m.added = append(m.added, s)
	return nil
}

// apply applies the layer that was collected. Deletions are about lower layers only, wherever in the archive they are
// ("layer.md", Whiteouts), so they come first.
func (m *merger) apply(layer int) error {
	m.layer = layer
	for _, change := range []struct {
		entries []*scanned
		make    func(*scanned) error
	}{{m.marks, m.remove}, {m.added, m.add}} {
		for _, e := range change.entries {
			if err := change.make(e); err != nil {
				return fmt.Errorf("entry %q: %w", e.Path, err)
			}
		}
	}
	m.marks, m.added = nil, nil
	return nil
}

// remove removes what a mark of a deletion is about, if it is there.
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

// add adds an entry. A directory keeps what it holds if it is stated again; anything else takes the place of what was at
// the path, and of all below.
func (m *merger) add(e *scanned) error {
	if e.Path == "/" {
		return m.addRoot(e)
	}
	path, name := split(e.Path)
	dir, err := m.make(path)
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

// link gives the file at the clean path target a further name in dir.
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
		return fmt.Errorf("hard link to %q, which is not there", target)
	case to.is(tree.Dir):
		return fmt.Errorf("hard link to %q, which is a directory", target)
	case to == old:
		return errors.New("hard link to itself")
	}
	_, err = m.place(dir, name, to.file)
	return err
}

// place puts a file into a directory, in the place of what has the name there.
func (m *merger) place(dir *node, name string, file *File) (*node, error) {
	// Checked again: symlinks may have led to a path that is too long, and their targets hold any names.
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

// file returns the file that an entry states.
func (m *merger) file(e *scanned) *File {
	return &File{
		Kind: e.Kind, Mode: e.Mode.Bits(), UID: e.UID, GID: e.GID, ModTime: e.ModTime, Size: e.size,
		Target: e.Target, Major: e.Major, Minor: e.Minor, Xattrs: e.Xattrs, Layer: m.layer, number: e.number,
	}
}
