package content

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// placesFile is the file with the Places in a directory of blobs.
const placesFile = "places.json"

// maxPlaces limits the number of blobs in Places: an index may list a few hundred images.
const maxPlaces = 100_000

// Place is where the bytes of a blob are in a source, which is a directory or an uncompressed archive.
type Place struct {
	// Path is the blob's file, relative to a source that is a directory. It is empty for an archive.
	Path string `json:"path,omitempty"`
	// Offset is where the blob starts in a source that is an archive.
	Offset int64 `json:"offset,omitempty"`
}

// Places are the blobs that can be read from a source without copying them first.
type Places map[digest.Digest]Place

// Write writes the places to a directory of blobs, for [Files.AddStored]. Without places it writes nothing.
func (p Places) Write(dir string) error {
	if len(p) == 0 {
		return nil
	}
	data, err := oci.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, placesFile), data, 0o644)
}

func readPlaces(dir string) (Places, error) {
	file, err := os.Open(filepath.Join(dir, placesFile))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxDocument+1))
	if err == nil && len(data) > MaxDocument {
		err = fmt.Errorf("more than %d bytes", MaxDocument)
	}
	var places Places
	if err == nil {
		err = oci.Unmarshal(data, &places)
	}
	if err == nil {
		err = places.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file.Name(), err)
	}
	return places, nil
}

func (p Places) check() error {
	if len(p) > maxPlaces {
		return fmt.Errorf("more than %d blobs", maxPlaces)
	}
	for d, place := range p {
		if _, err := digest.Parse(string(d)); err != nil {
			return err
		}
		if place.Path != "" && !fs.ValidPath(place.Path) || place.Offset < 0 || place.Path != "" && place.Offset != 0 {
			return fmt.Errorf("%s: invalid place %+v", d, place)
		}
	}
	return nil
}

// AddStored adds a directory like [Files.AddDirectory] does, and the blobs in source that the directory's Places list.
func (f *Files) AddStored(dir, source string) error {
	f.AddDirectory(dir)
	places, err := readPlaces(dir)
	if err != nil {
		return err
	}
	if len(places) > 0 && source == "" {
		return fmt.Errorf("%s: its blobs are in another file or directory, which is not named", dir)
	}
	for d, place := range places {
		switch {
		case place.Path != "":
			f.Add(d, filepath.Join(source, filepath.FromSlash(place.Path)))
		default:
			if f.parts == nil {
				f.parts = make(map[digest.Digest]part)
			}
			f.parts[d] = part{source, place.Offset}
		}
	}
	return nil
}

// part is where a blob is in a larger file.
type part struct {
	path   string
	offset int64
}

func (p part) open(size int64) (io.ReadCloser, error) {
	if size < 0 || p.offset > math.MaxInt64-size {
		return nil, fmt.Errorf("%s: %d bytes at %d", p.path, size, p.offset)
	}
	file, err := os.Open(p.path)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(p.offset, io.SeekStart); err != nil {
		file.Close()
		return nil, err
	}
	return &section{file: file, Reader: io.LimitReader(file, size)}, nil
}

// section is an open part of a file.
type section struct {
	io.Reader
	file *os.File // positioned at the start of the part
}

// Close implements io.Closer.
func (s *section) Close() error { return s.file.Close() }

// copyFast copies the part inside the kernel, and checks its size.
func (s *section) copyFast(w io.Writer, d oci.Descriptor) error {
	n, err := io.Copy(w, s.Reader)
	if err == nil && n != d.Size {
		err = &digest.MismatchError{Want: d.Digest, Got: d.Digest, WantSize: d.Size, GotSize: n}
	}
	return err
}
