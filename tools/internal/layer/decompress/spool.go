package decompress

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Spool is an unnamed file for unpacked bytes. The system removes it when the process ends, for any reason. Only one
// goroutine may use it, except for the readers that Add returns.
type Spool struct {
	// Dir is the directory in which the file is created, when the first bytes arrive. Empty means the system's directory
	// for temporary files.
	Dir string

	file *os.File
	size int64
}

// Add appends the bytes of r and returns a reader of them, which is valid until Close. Blocks of zeros take no space if the
// file system supports holes.
func (s *Spool) Add(r io.Reader) (*io.SectionReader, error) {
	if err := s.create(); err != nil {
		return nil, err
	}
	from := s.size
	buffer := make([]byte, 256<<10)
	for {
		n, err := readFull(r, buffer)
		if !bytes.Equal(buffer[:n], zeros[:n]) {
			if _, err := s.file.WriteAt(buffer[:n], s.size); err != nil {
				return nil, err
			}
		}
		s.size += int64(n)
		switch {
		case err == io.EOF:
			return io.NewSectionReader(s.file, from, s.size-from), s.file.Truncate(s.size)
		case err != nil:
			return nil, err
		}
	}
}

var zeros [256 << 10]byte

func (s *Spool) create() error {
	if s.file != nil {
		return nil
	}
	file, err := os.CreateTemp(s.Dir, ".unpacked-*")
	if err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return errors.Join(err, file.Close())
	}
	s.file = file
	return nil
}

// Close releases the file, if there is one. It may be called twice.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// readFull fills p as far as r allows. Unlike io.ReadFull it distinguishes the end of r from truncated data.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}
