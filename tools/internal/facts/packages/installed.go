package packages

import (
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/license"
)

// Tree is the file system of an image, as far as packages need it.
type Tree interface {
	// Layer returns the layer, counted from 0, that has the regular file at a path, or -1 if there is no such file. It follows
	// symlinks on the way, but not one at the end.
	Layer(path string) int
	// Resolve returns a path whose symlinks have been followed, or an empty string if it leads nowhere.
	Resolve(path string) string
}

// Place is where an image states a package.
type Place struct {
	// Layer is the number of the layer that brought the package, counted from 0.
	Layer int
	// Path is that of the file with the metadata.
	Path string
}

// Installed is a package that an image has.
type Installed struct {
	Package
	PURL    string
	License license.Expression
	// Places are sorted.
	Places []Place
}

// Problem is a file whose packages are unknown.
type Problem struct {
	Place
	Text string
}

// Merge returns the packages of an image, sorted by their package URLs, each once. layers are its layers, lowest first, and tree
// is their file system.
func Merge(layers []Layer, tree Tree) ([]Installed, []Problem) {
	m := merge{layers: make([]map[string]*File, len(layers)), tree: tree, found: make(map[string]*Installed)}
	for i, l := range layers {
		m.layers[i] = make(map[string]*File)
		for j := range l.Files {
			m.layers[i][l.Files[j].Path] = &l.Files[j]
		}
	}
	m.release = m.osRelease()
	var problems []Problem
	for i, files := range m.layers {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if tree.Layer(name) != i {
				continue
			}
			if files[name].Problem != "" {
				problems = append(problems, Problem{Place{i, name}, files[name].Problem})
			}
			for _, p := range files[name].Packages {
				m.add(p, Place{m.origin(p, name, i), name})
			}
		}
	}
	return m.sorted(), problems
}

// merge is the state of Merge.
type merge struct {
	layers  []map[string]*File
	tree    Tree
	release *Release
	found   map[string]*Installed
}

// visible returns the file with metadata at a path, or nil.
func (m *merge) visible(name string) *File {
	if i := m.tree.Layer(name); i >= 0 && i < len(m.layers) {
		return m.layers[i][name]
	}
	return nil
}

func (m *merge) osRelease() *Release {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		if f := m.visible(m.tree.Resolve(name)); f != nil && f.Release != nil {
			return f.Release
		}
	}
	return nil
}

// origin returns the layer that brought a package. A database is written again by every layer that installs something, so it
// is the lowest layer from which on the database has the package.
func (m *merge) origin(p Package, database string, layer int) int {
	if !isDatabase(database) {
		return layer
	}
	first := layer
	for i := layer - 1; i >= 0; i-- {
		f := m.layers[i][database]
		if f == nil {
			continue
		}
		if !slices.ContainsFunc(f.Packages, func(other Package) bool { return same(p, other) }) {
			break
		}
		first = i
	}
	return first
}

func same(a, b Package) bool {
	return a.Name == b.Name && a.Version == b.Version && a.Type == b.Type && maps.Equal(a.Qualifiers, b.Qualifiers)
}

func (m *merge) add(p Package, place Place) {
	if p.Type == "deb" {
		p.Licenses = m.copyright(p.Name)
	}
	purl := p.PURL(m.release)
	known := m.found[purl]
	if known == nil {
		known = &Installed{Package: p, PURL: purl}
		m.found[purl] = known
	} else {
		known.Licenses = append(slices.Clip(known.Licenses), p.Licenses...)
	}
	known.Places = append(known.Places, place)
}

// copyright returns the licenses that the copyright file of a Debian package names.
func (m *merge) copyright(name string) []string {
	if f := m.visible(m.tree.Resolve(docDir + name + copyrightName)); f != nil {
		return f.Licenses
	}
	return nil
}

func (m *merge) sorted() []Installed {
	var all []Installed
	for _, purl := range slices.Sorted(maps.Keys(m.found)) {
		p := m.found[purl]
		p.License = license.Parse(p.Licenses)
		slices.SortFunc(p.Places, func(a, b Place) int {
			if a.Layer != b.Layer {
				return a.Layer - b.Layer
			}
			return strings.Compare(a.Path, b.Path)
		})
		p.Places = slices.Compact(p.Places)
		all = append(all, *p)
	}
	return all
}
