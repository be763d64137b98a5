// Package tarfile reads tar archives as inputs of a layer.
//
// An archive's headers are read once; contents are read from it later, in any order and by several goroutines, without
// being held in memory. For that, compressed archives and sparse files are expanded into an unnamed file; a plain
// archive is read in place.
//
// Archives come from elsewhere and are not trusted. Input that looks like a mistake is rejected: names that leave the
// root, unknown types, a truncated archive, data after its end. If several entries have the same path, the last one
// wins, as in all programs that unpack archives. Docker and Podman reject a layer with such entries, so Check does not
// accept one.
//
// Non-goals: writing archives (package tarstream), combining the entries of several inputs (package tree).
package tarfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Archive is a tar archive that is open for reading. It must be closed after the last content has been read.
type Archive struct {
	name  string
	file  *os.File // the file that Open opened
	plain *io.SectionReader
	spool decompress.Spool
}

// Open opens the archive at path, plain or in a compression that package decompress supports. scratch is a directory for
// unpacked bytes, which need no cleaning up.
func Open(ctx context.Context, path, scratch string) (*Archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	a, err := New(ctx, io.NewSectionReader(file, 0, info.Size()), path, scratch)
	if err != nil {
		file.Close()
		return nil, err
	}
	a.file = file
	return a, nil
}

// New is like Open, for an archive inside another file. name is for messages.
func New(ctx context.Context, r *io.SectionReader, name, scratch string) (*Archive, error) {
	a := &Archive{name: name, spool: decompress.Spool{Dir: scratch}}
	if err := a.unpack(ctx, r); err != nil {
		a.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return a, nil
}

// unpack sets a.plain.
func (a *Archive) unpack(ctx context.Context, r *io.SectionReader) error {
	unpacked, codec, err := decompress.NewReader(ctx, r, r.Size())
	if err != nil {
		return err
	}
	defer unpacked.Close()
	if codec == oci.Uncompressed {
		a.plain = io.NewSectionReader(r, 0, r.Size())
		return nil
	}
	a.plain, err = a.spool.Add(unpacked)
	return err
}

// Close releases the archive's files. It may be called twice.
func (a *Archive) Close() error {
	err := a.spool.Close()
	if a.file != nil {
		err = errors.Join(err, a.file.Close())
		a.file = nil
	}
	return err
}

// Read returns the archive's entries, in the archive's order and with its paths.
func (a *Archive) Read() ([]*tree.Entry, error) {
	at := io.NewSectionReader(a.plain, 0, a.plain.Size())
	in := &stream{r: at}
	x := newIndex(a.name, in, seeker{in, at})
	x.at = a.plain
	x.spool = &a.spool
	entries, err := x.read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.name, err)
	}
	return entries, nil
}

// Check reads a plain archive to its end and returns the entries of a layer made of it, in the layer's order. It fails if
// the archive cannot be a layer: if Read would reject it, or if entries conflict, such as one below a symlink.
// For an archive that must be repacked from the entries that Read returns, it stops early and returns ErrForm.
func Check(r io.Reader, name string) ([]*tree.Entry, error) {
	in := &stream{r: bufio.NewReaderSize(r, 128<<10)}
	x := newIndex(name, in, in)
	x.asItIs = true
	entries, err := x.read()
	// No two entries have the same path, so no contents are compared.
	together := tree.Builder{Same: func(a, b tree.Content) (bool, error) { return false, nil }}
	for _, e := range entries {
		if err == nil {
			err = together.Add(*e)
		}
	}
	if err == nil {
		entries, err = together.Build()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return entries, nil
}

// stream is an archive that is read from its beginning.
type stream struct {
	r        io.Reader
	position int64 // how many bytes have been read, or skipped
	solid    int64 // the end of the last byte read that is not zero
	screen   screen
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if length := len(bytes.TrimRight(p[:n], "\x00")); length > 0 {
		s.solid = s.position + int64(length)
	}
	s.screen.feed(p[:n], s.position)
	s.position += int64(n)
	return n, err
}

// seeker is a stream in which archive/tar can skip contents.
type seeker struct {
	*stream
	at *io.SectionReader // the stream's source
}

// Seek implements io.Seeker. An offset that no file can have is beyond the end.
func (s seeker) Seek(offset int64, whence int) (int64, error) {
	n, err := s.at.Seek(offset, whence)
	if err != nil {
		return n, io.ErrUnexpectedEOF
	}
	s.position = n
	return n, nil
}

// section is a content that is part of a file.
type section struct {
	at   io.ReaderAt
	from int64
	size int64
}

// Open implements tree.Content.
func (s section) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(io.NewSectionReader(s.at, s.from, s.size)), s.size, nil
}
