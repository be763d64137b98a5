package tree

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Same reports whether two contents, each of which may be nil, hold the same bytes.
type Same func(a, b Content) (bool, error)

// Builder collects the entries of a layer. Same must be set; the other fields have useful zero values.
type Builder struct {
	// ModTime is the modification time of entries that state none. The zero value stands for the epoch,
	// 1970-01-01T00:00:00Z.
	ModTime time.Time
	// Rules are applied to all entries, the implied parents included.
	Rules Rules
	// Same compares contents where two inputs claim one path. It is asked for nothing else.
	Same Same

	entries []*Entry
}

// Add adds an entry. Its path need not be clean.
func (b *Builder) Add(e Entry) error {
	path, err := Clean(e.Path)
	if err == nil && path == "/" && e.Kind != Dir {
		err = fmt.Errorf("the root cannot be a %s", e.Kind)
	}
	if err == nil && e.Kind == Symlink {
		err = checkTarget(e.Target)
	}
	if err != nil {
		return fmt.Errorf("image path %q (from %s): %w", e.Path, e.Origin, err)
	}
	e.Path = path
	b.entries = append(b.entries, &e)
	return nil
}

func checkTarget(target string) error {
	if target == "" {
		return fmt.Errorf("the link target is empty")
	}
	if err := checkText(target); err != nil {
		return fmt.Errorf("link target: %w", err)
	}
	return nil
}

// Build returns the layer's entries in their final form and order. The builder must not be used again.
func (b *Builder) Build() ([]*Entry, error) {
	byPath := make(map[string]*Entry, len(b.entries)+len(b.entries)/4)
	var extra []*Entry // further claims of a path that is taken
	all := make([]*Entry, 0, cap(b.entries))
	for _, e := range b.entries {
		if byPath[e.Path] != nil {
			extra = append(extra, e)
			continue
		}
		byPath[e.Path] = e
		all = append(all, e)
	}
	all, err := addParents(all, byPath)
	if err != nil {
		return nil, err
	}
	b.setDefaults(all)
	b.setDefaults(extra)
	if err := b.Rules.applyTo(append(all, extra...)); err != nil {
		return nil, err
	}
	for _, e := range extra {
		if err := b.reconcile(byPath[e.Path], e); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(x, y *Entry) int { return strings.Compare(x.name, y.name) })
	return all, nil
}

// addParents adds the directories that entries need and nobody declared. The root itself is implied by every layer and
// only there if somebody declared it.
func addParents(all []*Entry, byPath map[string]*Entry) ([]*Entry, error) {
	for _, e := range all[:len(all):len(all)] {
		for dir := parent(e.Path); dir != "" && dir != "/"; dir = parent(dir) {
			p := byPath[dir]
			if p == nil {
				p = &Entry{Path: dir, Kind: Dir, Origin: e.Origin}
				byPath[dir] = p
				all = append(all, p)
				continue
			}
			if p.Kind != Dir {
				return nil, fmt.Errorf("%s: a %s (from %s), but %s (from %s) needs a directory there",
					dir, p.Kind, p.Origin, e.Path, e.Origin)
			}
			break // its own parents have been or will be seen to
		}
	}
	return all, nil
}

func (b *Builder) setDefaults(entries []*Entry) {
	modTime := b.ModTime
	if modTime.IsZero() {
		modTime = time.Unix(0, 0)
	}
	for _, e := range entries {
		e.name = e.archiveName()
		if e.ModTime.IsZero() {
			e.ModTime = modTime
		}
		switch {
		case e.Kind == Symlink:
			e.Mode = Perm(0o777)
		case e.Kind == Dir && !e.Mode.Known():
			e.Mode = Perm(0o755)
		}
	}
}

// reconcile accepts a second claim of a path if it says the same as the first.
func (b *Builder) reconcile(first, second *Entry) error {
	difference := first.differs(second)
	if difference == "" && first.Kind == File {
		same, err := b.Same(first.Content, second.Content)
		if err != nil {
			return fmt.Errorf("%s: comparing its two origins: %w", first.Path, err)
		}
		if !same {
			difference = "contents"
		}
	}
	if difference == "" {
		return nil
	}
	return fmt.Errorf("%s: two inputs with different %s: %s and %s", first.Path, difference, first.Origin, second.Origin)
}

// differs names the first property, content aside, in which two entries differ, or returns "".
func (e *Entry) differs(o *Entry) string {
	switch {
	case e.Kind != o.Kind:
		return "kinds"
	case e.Target != o.Target:
		return "link targets"
	case e.Mode != o.Mode:
		return "modes"
	case e.UID != o.UID || e.GID != o.GID || e.User != o.User || e.Group != o.Group:
		return "owners"
	case !e.ModTime.Equal(o.ModTime):
		return "modification times"
	}
	return ""
}
