package ldcache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Result is the libraries of a file system, and the symlinks by whose paths programs find them and which the file system lacks.
type Result struct {
	Libraries []Library
	Links     map[string]string // path -> target
}

// Find finds the libraries in the directories. Earlier directories come first. scratch is a directory for one library at a time.
func Find(ctx context.Context, fsys *rootfs.FileSystem, dirs []string, scratch string) (*Result, error) {
	var found []candidate
	seen := make(map[string]bool) // directories, by the paths that they really have
	for _, dir := range dirs {
		at, err := fsys.Find(dir, true)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (at.File.Kind != tree.Dir || seen[at.Path]) {
			continue
		}
		if err != nil {
			return nil, err
		}
		seen[at.Path] = true
		all, err := candidates(fsys, dir)
		if err != nil {
			return nil, err
		}
		found = append(found, all...)
	}
	objects, err := read(ctx, fsys, found, scratch)
	if err != nil {
		return nil, err
	}
	made := &Result{Links: make(map[string]string)}
	for len(found) > 0 {
		dir := found[0].dir
		end := slices.IndexFunc(found, func(c candidate) bool { return c.dir != dir })
		if end < 0 {
			end = len(found)
		}
		made.add(fsys, dir, found[:end], objects)
		found = found[end:]
	}
	return made, nil
}

// candidate is a file that may be a library, by its name.
type candidate struct {
	dir, name string
	isLink    bool
	file      *rootfs.File
}

// candidates returns those of a directory, in the order of their names.
func candidates(fsys *rootfs.FileSystem, dir string) ([]candidate, error) {
	all, err := fsys.List(dir, false)
	if err != nil {
		return nil, err
	}
	var found []candidate
	for _, e := range all {
		name := path.Base(e.Path)
		if !isLibrary(name) {
			continue
		}
		to, err := fsys.Find(e.Path, true)
		if err != nil || to.File.Kind != tree.File {
			continue // A dangling link or a loop is not a library.
		}
		found = append(found, candidate{dir, name, e.File.Kind == tree.Symlink, to.File})
	}
	return found, nil
}

// isLibrary reports whether ldconfig considers files with the name.
func isLibrary(name string) bool {
	return (strings.HasPrefix(name, "lib") || strings.HasPrefix(name, "ld")) && strings.Contains(name, ".so") &&
		!strings.HasSuffix(name, "-gdb.py") && !strings.HasSuffix(name, ".dpkg-new") && !strings.HasSuffix(name, ".dpkg-tmp")
}

// read reads the files of candidates, each once.
func read(ctx context.Context, fsys *rootfs.FileSystem, found []candidate, scratch string) (map[*rootfs.File]object, error) {
	wanted := make(map[*rootfs.File]bool)
	for _, c := range found {
		wanted[c.file] = true
	}
	f, err := os.CreateTemp(scratch, ".ldcache.*.tmp")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	objects := make(map[*rootfs.File]object)
	err = fsys.Contents(ctx, func(file *rootfs.File) bool { return wanted[file] }, func(file *rootfs.File, r io.Reader) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		n, err := io.Copy(f, r)
		if err != nil {
			return err
		}
		if o, ok := readObject(io.NewSectionReader(f, 0, n)); ok {
			objects[file] = o
		}
		return nil
	})
	return objects, err
}

// add adds the libraries of a directory. Of several files with one SONAME, a file wins over a link, and a later version over
// an earlier one.
func (r *Result) add(fsys *rootfs.FileSystem, dir string, found []candidate, objects map[*rootfs.File]object) {
	type chosen struct {
		candidate
		soname string
		flags  uint32
	}
	var all []chosen
	for _, c := range found {
		o, ok := objects[c.file]
		if !ok {
			continue
		}
		soname := o.soname
		if soname == "" || strings.Contains(soname, "/") {
			soname = c.name
		}
		// A link is an entry of its own if its name is the SONAME, or that for the linker: libfoo.so of libfoo.so.1.
		isDevLink := strings.HasSuffix(c.name, ".so") && strings.HasPrefix(soname, c.name)
		if c.isLink = c.isLink && (c.name == soname || isDevLink); c.isLink {
			soname = c.name
		}
		next := chosen{c, soname, o.flags}
		n := slices.IndexFunc(all, func(other chosen) bool { return other.soname == soname && other.flags == o.flags })
		switch {
		case n < 0:
			all = append(all, next)
		case !c.isLink && all[n].isLink || c.isLink == all[n].isLink && compare(all[n].name, c.name) < 0:
			all[n] = next
		}
	}
	for _, c := range all {
		place := path.Join(dir, c.soname)
		r.Libraries = append(r.Libraries, Library{Name: c.soname, Path: place, Flags: c.flags})
		if _, err := fsys.Find(place, false); errors.Is(err, fs.ErrNotExist) {
			r.Links[place] = c.name
		}
	}
}
