// Package conda reads Conda packages and installs them as entries of a layer.
//
// A package is a .conda archive, a zip of two tars, or an older .tar.bz2. Its entries are the files that Conda installs,
// with the prefix replaced and the entry points of Python programs made, and the record that Conda keeps of the package.
// They depend on the archive, its URL and the [Target] only, not on other packages: a layer can be shared by all
// environments that have the package. The environment gets [Facts] of its packages.
//
// Packages are not trusted: paths stay inside the prefix, sizes and digests are checked, and no script is run. Contents are
// in a file without a name and are not held in memory.
//
// docs/internals/conda.md compares the result with that of conda. Non-goals: solving, downloading, and what only other
// systems than Linux have.
package conda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Package is a package that is open for reading. It must be closed after the last content has been read.
type Package struct {
	name string // of the archive, for messages
	file *os.File
	size int64
	contents
	spool decompress.Spool // for contents that are not those of the archive

	sum chan digested // of the archive
}

// digested is the digest of an archive, or an error.
type digested struct {
	sum string
	err error
}

// Open opens the package at path. scratch is a directory for unpacked bytes, which need no cleaning up.
func Open(ctx context.Context, path, scratch string) (*Package, error) {
	p, err := open(ctx, path, scratch, true)
	if err != nil {
		return nil, err
	}
	go func() {
		h := sha256.New()
		_, err := io.Copy(h, io.NewSectionReader(p.file, 0, p.size))
		p.sum <- digested{hex.EncodeToString(h.Sum(nil)), err}
	}()
	return p, nil
}

// open opens a package, with its payload or without.
func open(ctx context.Context, path, scratch string, payload bool) (*Package, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &Package{name: path, file: file, spool: decompress.Spool{Dir: scratch}, sum: make(chan digested, 1)}
	info, err := file.Stat()
	if err == nil {
		p.size = info.Size()
		p.contents, err = unpack(ctx, io.NewSectionReader(file, 0, p.size), scratch, payload)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Close releases the package's files.
func (p *Package) Close() error {
	return errors.Join(p.contents.Close(), p.spool.Close(), p.file.Close())
}

// Python describes the environment's Python to packages that hold only Python code.
type Python struct {
	Version      string `json:"version"`       // the first two numbers, "3.11"
	SitePackages string `json:"site_packages"` // the directory for modules, relative to the prefix
}

// Target is where packages are installed. The entries depend on nothing else.
type Target struct {
	// Prefix is the absolute directory of the environment, as [CheckPrefix] accepts it.
	Prefix string
	// Python is needed for packages of kind noarch: python. Others ignore it.
	Python *Python
}

// Installed is what a package adds to an environment.
type Installed struct {
	// Entries are the package's files and its record, with paths in the image. Their contents are valid until the package
	// is closed.
	Entries []*tree.Entry
	// Facts describes the package, for the environment.
	Facts Facts
}
