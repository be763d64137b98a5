package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// ErrNotLayout is returned when a file system is not an image layout: it has no marker file.
var ErrNotLayout = errors.New("not an OCI image layout")

// Layout is an open layout. It is a [content.Source] of its blobs.
type Layout struct {
	fsys  fs.FS
	index oci.Index
	text  []byte // of index.json
}

// Open reads the marker and index.json of the layout in fsys, for example os.DirFS of a directory.
func Open(fsys fs.FS) (*Layout, error) {
	index, text, err := readIndex(fsys)
	if err != nil {
		return nil, err
	}
	return &Layout{fsys: fsys, index: index, text: text}, nil
}

// readIndex reads index.json after it has checked the marker, and also returns its bytes.
func readIndex(fsys fs.FS) (oci.Index, []byte, error) {
	var index oci.Index
	marker, err := ReadFile(fsys, MarkerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return index, nil, fmt.Errorf("%w: no file %q", ErrNotLayout, MarkerFile)
	}
	if err != nil {
		return index, nil, err
	}
	var version struct{ ImageLayoutVersion string }
	if err := oci.Unmarshal(marker, &version); err != nil {
		return index, nil, fmt.Errorf("%s: %w", MarkerFile, err)
	}
	if version.ImageLayoutVersion != "1.0.0" {
		return index, nil, fmt.Errorf("%s: version %q, expected 1.0.0", MarkerFile, version.ImageLayoutVersion)
	}
	data, err := ReadFile(fsys, IndexFile)
	if err != nil {
		return index, nil, err
	}
	if err := oci.Unmarshal(data, &index); err != nil {
		return index, nil, fmt.Errorf("%s: %w", IndexFile, err)
	}
	for _, root := range index.Manifests {
		if _, err := digest.Parse(string(root.Digest)); err != nil {
			return index, nil, fmt.Errorf("%s: %w", IndexFile, err)
		}
	}
	return index, data, nil
}

// Roots returns the entries of index.json, in its order.
func (l *Layout) Roots() []oci.Descriptor { return l.index.Manifests }

// Index returns index.json as an image index, which it also is: its descriptor and its bytes.
func (l *Layout) Index() (oci.Descriptor, []byte) {
	mediaType := l.index.MediaType
	if mediaType == "" {
		mediaType = oci.MediaTypeIndex
	}
	return oci.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(l.text), Size: int64(len(l.text))}, l.text
}

// Open implements content.Source. The reader of a directory's blob is an *os.File.
func (l *Layout) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if _, err := digest.Parse(string(d.Digest)); err != nil {
		return nil, err
	}
	f, err := l.fsys.Open(BlobPath(d.Digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", d.Digest, content.ErrNotFound)
	}
	return f, err
}

// ReadFile reads a small file of fsys, of at most [content.MaxDocument] bytes.
func ReadFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, content.MaxDocument+1))
	if err == nil && len(data) > content.MaxDocument {
		err = fmt.Errorf("%s: more than %d bytes", name, content.MaxDocument)
	}
	return data, err
}
