// Package deb reads Debian packages as inputs of a layer.
//
// A package is an ar archive of a version, the archive control.tar and the archive data.tar (deb(5)). The layer gets
// the contents of data.tar unchanged. Instead of dpkg's database it gets, for each package, the file
// var/lib/dpkg/status.d/NAME with the package's paragraph of the status file, and NAME.md5sums beside it: scanners look
// there.
//
// Non-goals: dependencies, signatures, and configuring packages. Maintainer scripts are listed but never run.
package deb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Package is a package that is open for reading. It must be closed after the last content has been read.
type Package struct {
	name    string
	title   string
	file    *os.File
	control *tarfile.Archive
	data    *tarfile.Archive
}

// Open opens the package at path. scratch is a directory for unpacked bytes, which need no cleaning up.
func Open(ctx context.Context, path, scratch string) (*Package, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &Package{name: path, file: file}
	if err := p.open(ctx, scratch); err != nil {
		p.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *Package) open(ctx context.Context, scratch string) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	members, err := readAr(io.NewSectionReader(p.file, 0, info.Size()))
	if err != nil {
		return err
	}
	control, data, err := choose(members)
	if err != nil {
		return err
	}
	for _, m := range []member{control, data} {
		if err := checkPacking(m); err != nil {
			return err
		}
	}
	if p.control, err = tarfile.New(ctx, control.SectionReader, control.name, scratch); err != nil {
		return err
	}
	p.data, err = tarfile.New(ctx, data.SectionReader, data.name, scratch)
	return err
}

// choose finds the two archives. Members whose names begin with "_" may be anywhere after the version (deb(5)); any
// other member belongs to a future format.
func choose(members []member) (control, data member, err error) {
	var known []member
	for i, m := range members {
		if i == 0 || !strings.HasPrefix(m.name, "_") {
			known = append(known, m)
		}
	}
	if len(known) != 3 || known[0].name != "debian-binary" ||
		!isArchive(known[1].name, "control") || !isArchive(known[2].name, "data") {
		return control, data, errors.New("not a Debian package: expected the members debian-binary, control.tar and data.tar")
	}
	version := make([]byte, 2)
	if _, err := io.ReadFull(known[0], version); err != nil || string(version) != "2." {
		return control, data, fmt.Errorf("a Debian package of format %q, expected 2.0", version)
	}
	return known[1], known[2], nil
}

// isArchive reports whether a member is the archive NAME.tar. Its content, not its name, determines its compression.
func isArchive(member, name string) bool {
	return member == name+".tar" || strings.HasPrefix(member, name+".tar.")
}

// checkPacking rejects an archive that is compressed with lzma, as in some old packages: that format has no checksum, so
// damage would go unnoticed. It has no magic number either: a stream begins with the usual settings and the low bytes of
// the dictionary's size, which is a power of two.
func checkPacking(m member) error {
	const usual = "\x5d\x00\x00"
	head := make([]byte, len(usual))
	if _, err := m.ReadAt(head, 0); err != nil || string(head) != usual || !strings.HasSuffix(m.name, ".lzma") {
		return nil // Its reader reports any other fault.
	}
	return fmt.Errorf("%s: compressed with lzma, which has no checksum; rebuild the package with dpkg-deb --raw-extract and --build",
		m.name)
}

// Close releases the package's files.
func (p *Package) Close() error {
	err := p.file.Close()
	for _, archive := range []*tarfile.Archive{p.control, p.data} {
		if archive != nil {
			err = errors.Join(err, archive.Close())
		}
	}
	return err
}

// Title returns the name of the package's file in an archive of packages, NAME_VERSION_ARCHITECTURE.deb, once Read has returned.
func (p *Package) Title() string { return p.title }

// Read returns the package's entries, which follow the layer's symlinks, and those that record its installation.
func (p *Package) Read() ([]*tree.Entry, error) {
	entries, err := p.read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	for _, e := range entries {
		e.Follow = true
		e.Implied = e.Kind == tree.Dir // dpkg does not change an existing directory
		e.Origin = p.name + ":" + e.Path
	}
	return entries, nil
}

func (p *Package) read() ([]*tree.Entry, error) {
	found, err := p.data.Read()
	if err != nil {
		return nil, err
	}
	var entries []*tree.Entry
	for _, e := range found {
		switch {
		case e.Kind == tree.Whiteout || e.Kind == tree.Opaque:
			return nil, fmt.Errorf("%s: a package must not contain a whiteout", e.Path)
		case e.Path != "/": // a package does not decide about the layer's root
			entries = append(entries, e)
		}
	}
	files, err := p.control.Read()
	if err != nil {
		return nil, err
	}
	installed, title, err := newStatus(files, entries)
	if err != nil {
		return nil, err
	}
	p.title = title
	return append(entries, installed...), nil
}
