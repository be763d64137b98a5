package rootfs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Find returns the entry that a path leads to, as a process in the root would: symlinks on the way are followed and cannot
// leave the root, one at the end only if follow is set. The error wraps fs.ErrNotExist if nothing is there.
func (f *FileSystem) Find(path string, follow bool) (Entry, error) {
	if f.paths == nil {
		f.paths = make(map[string]int, len(f.entries))
		for n, e := range f.entries {
			f.paths[e.Path] = n
		}
	}
	s := search{FileSystem: f, left: maxLinks}
	at, err := s.lead("/", path, follow)
	if err != nil {
		return Entry{}, fmt.Errorf("%s: %w", path, err)
	}
	return f.entries[f.paths[at]], nil
}

// Lookup returns the file that a path leads to, or nil if nothing is there. It follows symlinks.
func (f *FileSystem) Lookup(path string) (*File, error) {
	e, err := f.Find(path, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return e.File, err
}

// search is one call of Find.
type search struct {
	*FileSystem
	left int // the number of symlinks that may still be followed
}

// lead returns the path that a text leads to from the directory at.
func (s *search) lead(at, text string, follow bool) (string, error) {
	if strings.HasPrefix(text, "/") {
		at = "/"
	}
	names := strings.Split(strings.Trim(text, "/"), "/")
	for n, name := range names {
		isLast := n == len(names)-1
		var err error
		if at, err = s.step(at, name, follow || !isLast); err != nil {
			return "", err
		}
	}
	return at, nil
}

// step returns the path that a name leads to from the directory at.
func (s *search) step(at, name string, follow bool) (string, error) {
	if here := s.entries[s.paths[at]]; here.File.Kind != tree.Dir {
		return "", errors.New("not a directory")
	}
	switch name {
	case "", ".":
		return at, nil
	case "..":
		dir, _ := split(at)
		return cmp.Or(dir, "/"), nil
	}
	next := join(at, name)
	n, ok := s.paths[next]
	if !ok {
		return "", fs.ErrNotExist
	}
	file := s.entries[n].File
	if file.Kind != tree.Symlink || !follow {
		return next, nil
	}
	if s.left--; s.left < 0 {
		return "", errLoop
	}
	return s.lead(at, file.Target, true)
}

// List returns the entries in the directory that a path leads to, or all entries below it if recursive is set. For any
// other kind of file it returns the entry of the file.
func (f *FileSystem) List(path string, recursive bool) ([]Entry, error) {
	at, err := f.Find(path, true)
	if err != nil {
		return nil, err
	}
	if at.File.Kind != tree.Dir {
		return []Entry{at}, nil
	}
	var all []Entry
	prefix := strings.TrimSuffix(at.Path, "/") + "/"
	for _, e := range f.entries {
		name, isBelow := strings.CutPrefix(e.Path, prefix)
		if isBelow && name != "" && (recursive || !strings.Contains(name, "/")) {
			all = append(all, e)
		}
	}
	return all, nil
}

// Copy writes the content of the regular file that a path leads to. The content is verified only if Copy returns nil.
func (f *FileSystem) Copy(ctx context.Context, w io.Writer, path string) error {
	at, err := f.Find(path, true)
	if err != nil {
		return err
	}
	if at.File.Kind != tree.File {
		return fmt.Errorf("%s: is a %s, not a file", path, at.File.Kind)
	}
	return f.Contents(ctx, func(file *File) bool { return file == at.File }, func(_ *File, r io.Reader) error {
		_, err := io.Copy(w, r)
		return err
	})
}
