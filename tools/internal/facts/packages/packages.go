// Package packages finds the packages that a layer installs, by the metadata that package managers leave in the file system.
//
// A Scanner sees the entries of a layer as they are read for another purpose, and parses the few files that are metadata: the
// databases of dpkg and apk, the metadata of Python, npm and Conda packages, and jars built by Maven. Installed then combines
// what the layers of an image have: a file that a higher layer hides does not count.
//
// Metadata is untrusted. A file that is not what its name promises becomes a File with a Problem, because a base image may
// contain anything, and a list of packages is more useful than none; documents declare it.
//
// Non-goals: metadata inside of programs (Go, Rust), RPM databases, which are reported as a Problem, and packages without any
// metadata.
package packages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Package is a package as its metadata states it.
type Package struct {
	// Type is the type of its package URL, such as "deb".
	Type string `json:"type"`
	// Namespace is empty for Debian and Alpine packages: it is that of the distribution, which another file states.
	Namespace  string            `json:"namespace,omitempty"`
	Name       string            `json:"name"`
	Version    string            `json:"version,omitempty"`
	Qualifiers map[string]string `json:"qualifiers,omitempty"`
	// Licenses are the names of licenses as the metadata has them. All of them apply.
	Licenses []string `json:"licenses,omitempty"`
	// Supplier is who distributes the package.
	Supplier string `json:"supplier,omitempty"`
}

// Release is the distribution that /etc/os-release names.
type Release struct {
	ID        string `json:"id"`
	VersionID string `json:"version_id,omitempty"`
}

// File is a file with metadata.
type File struct {
	// Path is absolute and clean.
	Path     string    `json:"path"`
	Packages []Package `json:"packages,omitempty"`
	Release  *Release  `json:"release,omitempty"`
	// Licenses are those that a Debian copyright file names.
	Licenses []string `json:"licenses,omitempty"`
	// Problem is why the file could not be read completely, or empty.
	Problem string `json:"problem,omitempty"`
}

// Layer is what one layer has.
type Layer struct {
	Digest digest.Digest `json:"digest"`
	DiffID digest.Digest `json:"diff_id"`
	// Files are sorted by their paths.
	Files []File `json:"files"`
}

// document is the file with the packages of one or several layers.
type document struct {
	Version int     `json:"version"`
	Layers  []Layer `json:"layers"`
}

const (
	formatVersion = 1
	// maxBytes bounds a document. 100,000 packages have about 20 MB.
	maxBytes = 64 << 20
)

// Write writes the packages of layers to a file.
func Write(path string, layers []Layer) error {
	d := document{formatVersion, []Layer{}}
	for _, l := range layers {
		if l.Files == nil {
			l.Files = []File{}
		}
		d.Layers = append(d.Layers, l)
	}
	data, err := oci.Marshal(d)
	if err != nil {
		return err
	}
	if len(data) > maxBytes {
		return fmt.Errorf("%s: the metadata of packages has %d bytes, the limit is %d", path, len(data), maxBytes)
	}
	return atomicfile.Write(path, data)
}

// Read reads a file that Write wrote.
func Read(path string) ([]Layer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	layers, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return layers, nil
}

func read(r io.Reader) ([]Layer, error) {
	data, err := readAll(r, maxBytes)
	if err != nil {
		return nil, err
	}
	var d document
	if err := oci.Unmarshal(data, &d); err != nil {
		return nil, err
	}
	if d.Version != formatVersion {
		return nil, fmt.Errorf("version %d, expected %d", d.Version, formatVersion)
	}
	for _, l := range d.Layers {
		if err := l.check(); err != nil {
			return nil, err
		}
	}
	return d.Layers, nil
}

func (l Layer) check() error {
	for _, sum := range []digest.Digest{l.Digest, l.DiffID} {
		if _, err := digest.Parse(string(sum)); err != nil {
			return err
		}
	}
	if !slices.IsSortedFunc(l.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
		return errors.New("the files are not sorted")
	}
	for _, f := range l.Files {
		for _, p := range f.Packages {
			if p.Type == "" || p.Name == "" {
				return fmt.Errorf("%s: a package without a type or a name", f.Path)
			}
		}
	}
	return nil
}
