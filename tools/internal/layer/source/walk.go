package source

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// walkers is the number of directories that are read at once.
const walkers = 8

// Visit is called with an entry of a directory. name is the path below the directory with "/" between its parts, or ""
// for the directory itself.
type Visit func(name string, e tree.Entry) error

// Walk visits the directory src, a tree artifact or a source directory, and everything in it: files and directories,
// including empty ones. It visits a directory before its contents, and the contents in the order of their names. It
// follows links, including those to directories, and reads several directories at once, ahead of the visits.
func Walk(src string, visit Visit) error {
	kind, err := stat(src)
	if err != nil {
		return err
	}
	if kind != fs.ModeDir {
		return fmt.Errorf("%s: not a directory", src)
	}
	w := walker{slots: make(chan struct{}, walkers), stop: make(chan struct{})}
	defer close(w.stop)
	root := &listing{path: src, done: make(chan struct{})}
	go w.read(root)
	return root.visit(visit)
}

// walker reads the directories of one walk.
type walker struct {
	slots chan struct{} // one for each directory that is being read
	stop  chan struct{} // closed when the walk ends
}

// listing is one directory of a walk.
type listing struct {
	parent *listing
	path   string // on disk
	name   string // below the walk's root

	done  chan struct{} // closed once items and err are valid
	items []item
	err   error
}

// item is an item of a directory: an entry, or a subdirectory.
type item struct {
	name  string
	entry tree.Entry
	dir   *listing
}

// read reads the directory and starts reading its subdirectories.
func (w *walker) read(l *listing) {
	defer close(l.done)
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-w.stop:
		return
	}
	list, err := os.ReadDir(l.path)
	if err != nil {
		l.err = err
		return
	}
	l.items = make([]item, 0, len(list))
	for _, found := range list {
		it, err := w.item(l, found)
		if err != nil {
			l.err = err
			return
		}
		l.items = append(l.items, it)
	}
}

func (w *walker) item(l *listing, found fs.DirEntry) (it item, err error) {
	it.name = found.Name()
	if l.name != "" {
		it.name = l.name + "/" + it.name
	}
	path := l.path + "/" + found.Name()
	kind, linked := found.Type(), found.Type() == fs.ModeSymlink
	if linked {
		if kind, err = stat(path); err != nil {
			return it, err
		}
	}
	if kind != fs.ModeDir {
		it.entry, err = entry(path, kind)
		return it, err
	}
	it.dir = &listing{parent: l, path: path, name: it.name, done: make(chan struct{})}
	if linked && it.dir.isAbove() {
		return it, fmt.Errorf("%s: %w", path, ErrEndless)
	}
	go w.read(it.dir)
	return it, nil
}

// isAbove reports whether the directory is the same as one of those that contain it.
func (l *listing) isAbove() bool {
	info, err := os.Stat(l.path)
	for above := l.parent; err == nil && above != nil; above = above.parent {
		other, errOther := os.Stat(above.path)
		if errOther == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}

// visit visits the directory and its contents.
func (l *listing) visit(visit Visit) error {
	if err := visit(l.name, tree.Entry{Kind: tree.Dir, Origin: l.path}); err != nil {
		return err
	}
	<-l.done
	for _, it := range l.items {
		var err error
		if it.dir != nil {
			err = it.dir.visit(visit)
		} else {
			err = visit(it.name, it.entry)
		}
		if err != nil {
			return err
		}
	}
	l.items = nil
	return l.err
}
