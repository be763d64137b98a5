package content

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Files is a source whose blobs are files, or parts of files.
type Files struct {
	paths map[digest.Digest]string
	parts map[digest.Digest]part
	dirs  []string
}

// Add adds the file at path as the blob d.
func (f *Files) Add(d digest.Digest, path string) {
	if f.paths == nil {
		f.paths = make(map[digest.Digest]string)
	}
	f.paths[d] = path
}

// AddDocument adds the small file at path under the digest of its bytes.
func (f *Files) AddDocument(path string) error {
	d, _, err := digest.FromFile(path)
	if err != nil {
		return err
	}
	f.Add(d, path)
	return nil
}

// AddDirectory adds a directory that contains blobs as sha256/HEX, like the "blobs" of an image layout.
func (f *Files) AddDirectory(dir string) { f.dirs = append(f.dirs, dir) }

// path returns the path of the blob d.
func (f *Files) path(d digest.Digest) (string, error) {
	if path, ok := f.paths[d]; ok {
		return path, nil
	}
	for _, dir := range f.dirs {
		path := filepath.Join(dir, d.Algorithm().String(), d.Encoded())
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", d, ErrNotFound)
}

// Open implements Source. The reader of a blob that is a separate file is an *os.File, which lets io.Copy move the bytes
// inside the kernel.
func (f *Files) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if _, err := digest.Parse(string(d.Digest)); err != nil {
		return nil, err
	}
	path, err := f.path(d.Digest)
	if err == nil {
		return os.Open(path)
	}
	if part, ok := f.parts[d.Digest]; ok {
		return part.open(d.Size)
	}
	return nil, err
}
