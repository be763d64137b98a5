// Package unarchive opens archives of images: OCI archives, and the output of "docker save" and "podman save". Package archive
// writes them. They are separate because a program that only writes archives needs no decompressor.
package unarchive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

const (
	// maxEntries is how many entries an archive may have. An image has at most some hundred blobs.
	maxEntries = 100_000
	// maxLinks is the maximum number of links to follow for one name.
	maxLinks = 8
	// maxUnpacked is the maximum size of an unpacked archive, in bytes: a small compressed one can expand without end.
	maxUnpacked = 64 << 30
)

// Reader is an archive as a file system of its regular files, by their clean slash-separated names. Links are followed
// inside the archive. Directories cannot be opened or listed. It may be used by several goroutines.
type Reader struct {
	file interface {
		io.ReaderAt
		io.Closer
	}
	entries map[string]entry
}

// IsPacked reports whether the archive is compressed.
func (r *Reader) IsPacked() bool {
	u, ok := r.file.(*unpacked)
	return ok && u.packed
}

// entry is the position of a file's bytes, or the target of a link.
type entry struct {
	offset, size int64
	link         string // the link's target in the archive, unchecked; empty for a file
}

// Open reads the table of contents of the archive at path. It first unpacks an archive that is compressed with gzip,
// bzip2, xz or zstd, detected by its first bytes, into an unnamed temporary file in the directory scratch; if that is empty,
// in the system's directory for temporary files. It rejects an archive that has two entries with the same name, or a name
// outside the archive, because programs disagree on its contents.
func Open(path, scratch string) (*Reader, error) {
	return open(path, scratch, maxUnpacked)
}

func open(path, scratch string, limit int64) (*Reader, error) {
	f, err := unpack(path, scratch, limit)
	if err != nil {
		return nil, err
	}
	entries, err := index(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Reader{file: f, entries: entries}, nil
}

// Read is like [Open] for an archive in memory, which must not be compressed.
func Read(data []byte) (*Reader, error) {
	r := bytes.NewReader(data)
	entries, err := index(r)
	if err != nil {
		return nil, err
	}
	return &Reader{file: inMemory{r}, entries: entries}, nil
}

// inMemory is an archive in memory.
type inMemory struct{ *bytes.Reader }

// Close implements io.Closer.
func (inMemory) Close() error { return nil }

// Close closes the archive. Files that were opened from it can no longer be read.
func (r *Reader) Close() error { return r.file.Close() }

// Open implements fs.FS. The file is also an io.ReaderAt and an io.Seeker, and its method Offset returns where its bytes
// start in the archive, unless that is compressed.
func (r *Reader) Open(name string) (fs.File, error) {
	e, err := r.resolve(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file{io.NewSectionReader(r.file, e.offset, e.size), name, e.offset, r.IsPacked()}, nil
}

func (r *Reader) resolve(name string) (entry, error) {
	if !fs.ValidPath(name) {
		return entry{}, fs.ErrInvalid
	}
	for range maxLinks {
		e, ok := r.entries[name]
		if !ok {
			return entry{}, fs.ErrNotExist
		}
		if e.link == "" {
			return e, nil
		}
		if name = e.link; !fs.ValidPath(name) {
			return entry{}, fmt.Errorf("link to %q, outside the archive", name)
		}
	}
	return entry{}, fmt.Errorf("more than %d links in a row", maxLinks)
}

// index reads all headers of a tar. It seeks over the bodies.
func index(r io.ReadSeeker) (map[string]entry, error) {
	entries := make(map[string]entry)
	last := "the start"
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a tar archive, or damaged after %s: %w", last, err)
		}
		offset, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if err := add(entries, h, offset); err != nil {
			return nil, err
		}
		last = fmt.Sprintf("%q", h.Name)
	}
	if len(entries) == 0 {
		return nil, errors.New("not a tar archive, or an empty one")
	}
	return entries, nil
}

// add adds h, whose body starts at offset. It ignores entries that are neither files nor links.
func add(entries map[string]entry, h *tar.Header, offset int64) error {
	name := path.Clean(h.Name)
	if !fs.ValidPath(name) {
		return fmt.Errorf("entry %q is outside the archive or has an invalid name", h.Name)
	}
	e := entry{offset: offset, size: h.Size}
	if isSparse(h) {
		return fmt.Errorf("entry %q is a sparse file, which image archives do not have", h.Name)
	}
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink:
		e.link = path.Join(path.Dir(name), h.Linkname)
		if path.IsAbs(h.Linkname) {
			e.link = h.Linkname
		}
	case tar.TypeLink:
		e.link = path.Clean(h.Linkname)
	default:
		return nil
	}
	if _, twice := entries[name]; twice {
		return fmt.Errorf("two entries have the name %q", name)
	}
	if len(entries) == maxEntries {
		return fmt.Errorf("more than %d entries", maxEntries)
	}
	entries[name] = e
	return nil
}

// isSparse reports whether the body of h is a sparse map instead of the file's bytes.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return h.Typeflag == tar.TypeGNUSparse
}

// file is an open file of an archive.
type file struct {
	*io.SectionReader
	name   string
	offset int64
	packed bool
}

// Offset returns where the file's bytes start in the archive, and whether they are there: they are not in a compressed one.
func (f file) Offset() (int64, bool) { return f.offset, !f.packed }

// Stat implements fs.File.
func (f file) Stat() (fs.FileInfo, error) {
	h := tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: f.Size(), Mode: 0o644}
	return h.FileInfo(), nil
}

// Close implements fs.File. The archive stays open.
func (file) Close() error { return nil }
