package tarfile

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spool is a file without a name for unpacked bytes. The system removes it when the process ends, however it ends.
type spool struct {
	dir  string
	file *os.File
	size int64
}

// add appends the bytes of r and returns where they are. Blocks of zeros take no space if the file system supports
// holes.
func (s *spool) add(r io.Reader) (*io.SectionReader, error) {
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

func (s *spool) create() error {
	if s.file != nil {
		return nil
	}
	file, err := os.CreateTemp(s.dir, ".unpacked-*")
	if err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return errors.Join(err, file.Close())
	}
	s.file = file
	return nil
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// readFull fills p as far as r goes. Unlike io.ReadFull it distinguishes r's end from truncated data.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}
