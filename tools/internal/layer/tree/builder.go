package tree

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Same reports whether two contents, each of which may be nil, have the same bytes.
type Same func(a, b Content) (bool, error)

// Duplicates is a policy for paths that occur in several inputs.
type Duplicates string

// The policies. The values are those of the rules' attribute.
const (
	// Refuse, the zero value, makes duplicates an error, unless the inputs are identical. If directories differ only in
	// their times, the first one wins: each archive contains the directories that it needs.
	Refuse Duplicates = ""
	First  Duplicates = "first" // the input that was added first wins
	Last   Duplicates = "last"  // the input that was added last wins
)

// ParseDuplicates returns the policy that the rules' attribute names.
func ParseDuplicates(name string) (Duplicates, error) {
	switch name {
	case "error":
		return Refuse, nil
	case "first", "last":
		return Duplicates(name), nil
	}
	return Refuse, fmt.Errorf("%q: expected error, first or last", name)
}

// Below describes the layers below. Entries go through their symlinks, and implied directories get their metadata.
type Below struct {
	// Links has the targets of symlinks. An entry of the layer itself replaces a symlink at its path.
	Links map[string]string
	// Dir, unless nil, returns mode and owner of the directory at a clean path; ok is false for a plain directory.
	Dir func(path string) (mode Mode, uid, gid uint32, ok bool)
}

// Builder collects the entries of a layer. Same must be set; the other fields have useful zero values.
type Builder struct {
	// ModTime is the modification time of entries without one. The zero value stands for the epoch,
	// 1970-01-01T00:00:00Z.
	ModTime time.Time
	// Rules are applied to all entries, including implied parents.
	Rules Rules
	// Same compares the contents of two inputs with the same path. It is not used for anything else.
	Same Same
	// Duplicates is the policy for two inputs with the same path.
	Duplicates Duplicates
	// Below describes the lower layers. The zero value stands for none.
	Below Below
	// Link, unless nil, sets the Inode of files that must be stored once. It gets all files, in no particular order.
	Link func(files []*Entry) error

	entries []*Entry
	united  map[any]any // maps an inode to the one that it turned out to be
}

// Add adds an entry. Its path does not have to be clean.
func (b *Builder) Add(e Entry) error {
	path, err := Clean(e.Path)
	if err == nil && path == "/" && e.Kind != Dir && e.Kind != Opaque {
		err = fmt.Errorf("the root cannot be a %s", e.Kind)
	}
	if err == nil {
		err = e.Check()
	}
	if err != nil {
		return fmt.Errorf("image path %q (from %s): %w", e.Path, e.Origin, err)
	}
	e.Path = path
	b.entries = append(b.entries, &e)
	return nil
}

// The greatest device numbers that Linux supports and every tar can hold.
const (
	maxMajor = 1<<12 - 1
	maxMinor = 1<<20 - 1
)

// Check rejects an entry that no archive or file system can store. It does not check the path.
func (e *Entry) Check() error {
	for name := range e.Xattrs {
		if err := checkXattr(name); err != nil {
			return err
		}
	}
	for _, name := range [...]string{e.User, e.Group} {
		if err := checkText(name); err != nil {
			return fmt.Errorf("owner name %q: %w", name, err)
		}
	}
	switch {
	case e.Kind == Symlink:
		return checkTarget(e.Target)
	case e.Kind >= Hardlink:
		return fmt.Errorf("a %s cannot be added", e.Kind)
	case e.Major > maxMajor || e.Minor > maxMinor:
		return fmt.Errorf("the device number %d, %d exceeds %d, %d", e.Major, e.Minor, maxMajor, maxMinor)
	}
	return nil
}

// checkXattr rejects a name that Linux does not accept for an extended attribute.
func checkXattr(name string) error {
	namespace, rest, _ := strings.Cut(name, ".")
	switch {
	case rest == "" || len(name) > maxSegment || strings.ContainsAny(name, "=\x00") || !utf8.ValidString(name):
		return fmt.Errorf("extended attribute %q: invalid name", name)
	case !slices.Contains([]string{"user", "security", "system", "trusted"}, namespace):
		return fmt.Errorf("extended attribute %q: expected one of user, security, system or trusted before the dot", name)
	}
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
	if err := follow(b.entries, b.Below.Links); err != nil {
		return nil, err
	}
	byPath := make(map[string]*Entry, len(b.entries)+len(b.entries)/4)
	all, extra := b.choose(byPath)
	all, err := addParents(all, byPath)
	if err != nil {
		return nil, err
	}
	b.adopt(all, byPath)
	b.adopt(extra, byPath)
	b.setDefaults(all)
	b.setDefaults(extra)
	if err := b.Rules.applyTo(append(all, extra...)); err != nil {
		return nil, err
	}
	for _, e := range extra {
		if err := b.reconcile(byPath[e.key()], e); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(all, func(x, y *Entry) int { return strings.Compare(x.name, y.name) })
	return all, b.storeOnce(all)
}

// choose returns one entry for each path, and the extra entries that must be identical to one of them.
func (b *Builder) choose(byPath map[string]*Entry) (all, extra []*Entry) {
	entries := b.entries
	if b.Duplicates == Last {
		entries = slices.Clone(entries)
		slices.Reverse(entries)
	}
	all = make([]*Entry, 0, cap(entries))
	for _, e := range entries {
		key := e.key()
		switch {
		case byPath[key] == nil:
			byPath[key] = e
			all = append(all, e)
			continue
		case b.Duplicates == Refuse:
			extra = append(extra, e)
		}
		if e.Kind == Dir && !e.Implied {
			byPath[key].Implied = false
		}
	}
	return all, extra
}

// addParents adds the directories that entries need and that no input has. Every layer implies the root; it is only
// included if an input has it.
func addParents(all []*Entry, byPath map[string]*Entry) ([]*Entry, error) {
	for _, e := range all[:len(all):len(all)] {
		for dir := parent(e.key()); dir != "" && dir != "/"; dir = parent(dir) {
			p := byPath[dir]
			if p == nil {
				p = &Entry{Path: dir, Kind: Dir, Implied: true, Origin: e.Origin}
				byPath[dir] = p
				all = append(all, p)
				continue
			}
			if p.Kind != Dir {
				return nil, fmt.Errorf("%s: a %s (from %s), but %s (from %s) needs a directory there",
					dir, p.Kind, p.Origin, e.Path, e.Origin)
			}
			break // its own parents are handled with its entry
		}
	}
	return all, nil
}

// adopt gives implied directories the metadata that they have in the layers below.
func (b *Builder) adopt(entries []*Entry, byPath map[string]*Entry) {
	if b.Below.Dir == nil {
		return
	}
	for _, e := range entries {
		if e.Kind != Dir || !byPath[e.Path].Implied {
			continue
		}
		if mode, uid, gid, ok := b.Below.Dir(e.Path); ok {
			e.Mode, e.UID, e.GID = mode, uid, gid
		}
	}
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
		case e.Kind != File && !e.Mode.Known():
			e.Mode = Perm(0o644)
		}
	}
}

// reconcile accepts a second entry for a path if it is identical to the first.
func (b *Builder) reconcile(first, second *Entry) error {
	difference := first.differs(second)
	if difference == "" && first.Kind == File && (first.Inode == nil || first.Inode != second.Inode) {
		same, err := b.Same(first.Content, second.Content)
		if err != nil {
			return fmt.Errorf("%s: comparing its two origins: %w", first.Path, err)
		}
		if !same {
			difference = "contents"
		}
	}
	if difference == "" {
		b.unite(first, second)
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
	case !maps.Equal(e.Xattrs, o.Xattrs):
		return "extended attributes"
	case e.Major != o.Major || e.Minor != o.Minor:
		return "device numbers"
	case e.Kind != Dir && !e.ModTime.Equal(o.ModTime):
		return "modification times"
	}
	return ""
}
