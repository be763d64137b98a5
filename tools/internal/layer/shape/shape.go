// Package shape records what a layer must know about the layers below it: which paths are not plain directories.
//
// A plain directory belongs to root and has mode 0755. An archive cannot refer to "the directory as it is below": a layer
// with a file also makes the file's parents, and that replaces a symlink, an owner or a mode that they had below. So each
// layer has a small file beside its descriptor, a [Shape], which lists its directories, including implied ones, and its
// symlinks. A stack of shapes ([Shape.Put]) keeps only what differs from a plain directory, a few dozen lines for a
// distribution. The directories that a further layer implies are compared with the stack, without reading any layer.
//
// A shape does not list files, so a file that replaces a symlink or a directory of a lower layer is not recorded. The
// exceptions are programs, with which [Shape.Launch] detects a program that cannot start, and the names of users and groups
// that a config may refer to.
package shape

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// version is the version of the file format.
const version = 1

// Shape is the shape of a layer, or of a stack of layers, which has no Removed, no Emptied and no plain Dirs. The zero
// value is the shape of an empty layer. All paths are clean.
type Shape struct {
	// Removed are paths that the layer deletes, with all of their contents.
	Removed []string
	// Emptied are directories whose contents from lower layers the layer deletes.
	Emptied []string
	// Symlinks has the targets of symlinks, except symlinks to files of their own layer.
	Symlinks map[string]string
	// Dirs are the directories.
	Dirs map[string]Dir
	// Programs maps each program to its interpreter; see [Program]. It has the symlinks to programs of their own layer,
	// too. It is nil if the programs are unknown, as they are in a stack with such a layer.
	Programs map[string]Program
	// Partial is set if Programs has only common interpreters; see KeepInterpreters.
	Partial bool
	// Users and Groups are the names in /etc/passwd and /etc/group. They are nil if the layer does not have the file, or if it is Unread.
	Users, Groups accounts.Names
	// Unread has those of the two files that exist, or may exist, and whose names are unknown.
	Unread []string

	unknown bool // a stack with a layer whose programs are unknown
}

// Dir is the metadata of a directory.
type Dir struct {
	Mode    Mode   `json:"mode"`
	UID     uint32 `json:"uid,omitempty"`
	GID     uint32 `json:"gid,omitempty"`
	Implied bool   `json:"implied,omitempty"` // no input states it
}

// plain is a directory as engines make it if it is missing.
var plain = Dir{Mode: 0o755}

// stated returns the directory as an explicitly stated one.
func (d Dir) stated() Dir {
	d.Implied = false
	return d
}

// Bars reports whether a user other than root certainly cannot enter the directory. uid is below 0 if the user's id is
// not known; the user's groups are not known.
func (d Dir) Bars(uid int64) bool {
	switch {
	case d.Mode&0o011 != 0:
		return false
	case uid < 0:
		return d.UID == 0
	}
	return int64(d.UID) != uid || d.Mode&0o100 == 0
}

// String returns the mode and the owner.
func (d Dir) String() string { return fmt.Sprintf("%s %d:%d", d.Mode, d.UID, d.GID) }

// Mode is permission bits. Its text form is octal.
type Mode uint32

// String returns the mode with at least four digits.
func (m Mode) String() string { return fmt.Sprintf("%04o", uint32(m)) }

// MarshalText implements encoding.TextMarshaler.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mode) UnmarshalText(text []byte) error {
	bits, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || bits > 0o7777 {
		return fmt.Errorf("mode %q: expected an octal number from 0 to 7777", text)
	}
	*m = Mode(bits)
	return nil
}

// Of returns the shape of the layer with the entries, which come from tree.Builder.Build. Programs has the interpreters of
// the layer's programs, by path. It is nil if they are unknown; more than maxPrograms are not recorded.
func Of(entries []*tree.Entry, programs map[string]string) *Shape {
	s := &Shape{Symlinks: make(map[string]string), Dirs: make(map[string]Dir)}
	if programs != nil && len(programs) <= maxPrograms {
		s.Programs = make(map[string]Program, len(programs))
		for path, interpreter := range programs {
			s.Programs[path] = Program(interpreter)
		}
	}
	for _, e := range entries {
		switch e.Kind {
		case tree.Whiteout:
			s.Removed = append(s.Removed, e.Path)
		case tree.Opaque:
			s.Emptied = append(s.Emptied, e.Path)
		case tree.Symlink:
			s.Symlinks[e.Path] = e.Target
		case tree.Dir:
			s.Dirs[e.Path] = Dir{Mode: Mode(e.Mode.Bits()), UID: e.UID, GID: e.GID, Implied: e.Implied}
		}
	}
	s.findAccounts(entries)
	if len(s.Symlinks) > 0 { // Most layers have none, and may have very many files.
		s.dropLinksToFiles(entries)
	}
	return s
}

// maxLinks is the maximum number of symlinks that Linux follows.
const maxLinks = 40

// dropLinksToFiles drops the symlinks that lead to a file among the entries, directly or through other symlinks.
func (s *Shape) dropLinksToFiles(entries []*tree.Entry) {
	files := make(map[string]bool)
	for _, e := range entries {
		files[e.Path] = e.Kind != tree.Dir && e.Kind != tree.Symlink
	}
	all := maps.Clone(s.Symlinks)
	for link := range all {
		place := link
		for range maxLinks {
			target, isLink := all[place]
			if !isLink {
				break
			}
			place = lead(place, target)
		}
		if files[place] {
			delete(s.Symlinks, link)
			if program, ok := s.Programs[place]; ok {
				s.Programs[link] = program
			}
		}
	}
}

// lead returns where a symlink leads, unless directories in its target are symlinks too.
func lead(link, target string) string {
	if path.IsAbs(target) {
		return path.Clean(target)
	}
	return path.Join(path.Dir(link), target)
}

// Clash is a directory that a layer implies, and that is different in the layers below.
type Clash struct {
	Path string
	// Implied is the directory in the layer.
	Implied Dir
	// Target is the target of the symlink in the layers below, or "" if it is a directory there.
	Target string
	// Below is the directory in the layers below, unless it is a symlink there.
	Below Dir
}

// Instead returns the directory to use instead of the symlink's path.
func (c Clash) Instead() string { return lead(c.Path, c.Target) }

// String describes the clash.
func (c Clash) String() string {
	if c.Target != "" {
		return fmt.Sprintf("the layer implies the directory %s, which is a symlink to %s below", c.Path, c.Target)
	}
	return fmt.Sprintf("the layer implies the directory %s with %s, which has %s below", c.Path, c.Implied, c.Below)
}

// Put puts a layer on top of the stack s, and returns the directories that the layer implies and that change the layers
// below, in the order of their paths. If such a directory is a symlink below, its contents are not listed separately.
func (s *Shape) Put(layer *Shape) []Clash {
	s.hide(layer)
	var clashes []Clash
	for _, path := range slices.Sorted(maps.Keys(layer.Dirs)) {
		dir := layer.Dirs[path]
		if clash, ok := s.clash(path, dir); ok {
			clashes = append(clashes, clash)
		}
	}
	s.putPrograms(layer)
	for path, target := range layer.Symlinks {
		set(&s.Symlinks, path, target)
	}
	for path, dir := range layer.Dirs {
		delete(s.Symlinks, path)
		delete(s.Dirs, path)
		if dir.stated() != plain {
			set(&s.Dirs, path, dir.stated())
		}
	}
	return clashes
}

// clash compares a directory of a further layer with the stack.
func (s *Shape) clash(path string, dir Dir) (Clash, bool) {
	if !dir.Implied {
		return Clash{}, false
	}
	if target, ok := s.Symlinks[path]; ok {
		return Clash{Path: path, Implied: dir, Target: target}, true
	}
	below, ok := s.Dirs[path]
	return Clash{Path: path, Implied: dir, Below: below}, ok && dir.stated() != below
}

// hide drops the paths from s that a layer on top removes or replaces with symlinks.
func (s *Shape) hide(layer *Shape) {
	gone := make(map[string]bool)
	for _, path := range layer.Removed {
		gone[path] = true
	}
	for path := range layer.Symlinks {
		gone[path] = true
	}
	emptied := make(map[string]bool)
	for _, path := range layer.Emptied {
		emptied[path] = true
	}
	hidden := func(place string) bool {
		if gone[place] {
			return true
		}
		for place != "/" {
			place = path.Dir(place)
			if gone[place] || emptied[place] {
				return true
			}
		}
		return false
	}
	maps.DeleteFunc(s.Symlinks, func(path, _ string) bool { return hidden(path) })
	maps.DeleteFunc(s.Dirs, func(path string, _ Dir) bool { return hidden(path) })
	maps.DeleteFunc(s.Programs, func(path string, _ Program) bool { return hidden(path) })
	s.putAccounts(layer, hidden)
}

func set[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[key] = value
}

// document is the format of the file.
type document struct {
	Version  int                `json:"version"`
	Removed  []string           `json:"removed,omitempty"`
	Emptied  []string           `json:"emptied,omitempty"`
	Symlinks map[string]string  `json:"symlinks,omitempty"`
	Dirs     map[string]Dir     `json:"dirs,omitempty"`
	Programs map[string]Program `json:"programs,omitzero"`
	// Interpreters are the programs of a partial shape.
	Interpreters map[string]Program `json:"interpreters,omitzero"`
	Users        accounts.Names     `json:"users,omitzero"`
	Groups       accounts.Names     `json:"groups,omitzero"`
	Unread       []string           `json:"unread,omitempty"`
}

// Marshal returns the contents of a shape's file: one line. Equal shapes have equal bytes.
func (s *Shape) Marshal() ([]byte, error) {
	d := document{
		Version: version, Removed: s.Removed, Emptied: s.Emptied, Symlinks: s.Symlinks, Dirs: s.Dirs,
		Users: s.Users, Groups: s.Groups, Unread: s.Unread,
	}
	if s.Partial {
		d.Interpreters = s.Programs
	} else {
		d.Programs = s.Programs
	}
	data, err := oci.Marshal(d)
	return append(data, '\n'), err
}

// Write writes the shape to the file at path.
func (s *Shape) Write(path string) error {
	data, err := s.Marshal()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// Read reads the shape in the file at path.
func Read(path string) (*Shape, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Parse is the inverse of Marshal.
func Parse(data []byte) (*Shape, error) {
	s, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("not a shape of layers: %w", err)
	}
	return s, nil
}

func parse(data []byte) (*Shape, error) {
	var d document
	if err := oci.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	if d.Version != version {
		return nil, fmt.Errorf("version %d, expected %d", d.Version, version)
	}
	for _, paths := range [][]string{
		d.Removed, d.Emptied, slices.Collect(maps.Keys(d.Symlinks)), slices.Collect(maps.Keys(d.Dirs)),
		slices.Collect(maps.Keys(d.Programs)), slices.Collect(maps.Keys(d.Interpreters)),
	} {
		for _, path := range paths {
			if clean, err := tree.Clean(path); err != nil || clean != path {
				return nil, fmt.Errorf("%q is not a clean path in an image", path)
			}
		}
	}
	s := &Shape{
		Removed: d.Removed, Emptied: d.Emptied, Symlinks: d.Symlinks, Dirs: d.Dirs, Programs: d.Programs,
		Users: d.Users, Groups: d.Groups, Unread: d.Unread,
	}
	if d.Interpreters != nil {
		s.Programs, s.Partial = d.Interpreters, true
	}
	return s, nil
}

// Fix returns the attributes with which a layer resolves its clashes: directories get the metadata that they have below,
// and symlinks below become directories.
func Fix(clashes []Clash) string {
	var dirs, modes, owners []string
	for _, c := range clashes {
		path := strconv.Quote(c.Path)
		if c.Target != "" {
			dirs = append(dirs, path)
			continue
		}
		if c.Below.Mode != c.Implied.Mode {
			modes = append(modes, fmt.Sprintf("%s: %q", path, c.Below.Mode))
		}
		if c.Below.UID != c.Implied.UID || c.Below.GID != c.Implied.GID {
			owners = append(owners, fmt.Sprintf(`%s: "%d:%d"`, path, c.Below.UID, c.Below.GID))
		}
	}
	var attributes []string
	add := func(form string, values []string) {
		if values != nil {
			attributes = append(attributes, fmt.Sprintf(form, strings.Join(values, ", ")))
		}
	}
	add("dirs = [%s]", dirs)
	add("modes = {%s}", modes)
	add("owners = {%s}", owners)
	return strings.Join(attributes, ", ")
}
