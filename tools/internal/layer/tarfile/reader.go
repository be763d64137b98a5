package tarfile

import (
	"archive/tar"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// Reader reads a plain archive once, from beginning to end. It rejects the same archives as [Archive.Read], but returns
// every entry in the order of the archive, even several for one path and hard links to files that are not in the archive.
// The caller decides what they mean.
type Reader struct {
	x      *index
	name   string // of the current entry, for messages
	size   int64  // of the current entry's content
	sparse bool   // the current entry is a sparse file
}

// NewReader returns a reader of the archive r.
func NewReader(r io.Reader) *Reader {
	in := &stream{r: r}
	return &Reader{x: newIndex("", in, in)}
}

// Next returns the next entry, or io.EOF after a valid end of the archive. A hard link has the Kind [tree.Hardlink], and
// the clean path of the other name as its Target. No entry has a Content: that is read from the Reader.
func (r *Reader) Next() (*tree.Entry, error) {
	if err := r.leave(); err != nil {
		return nil, err
	}
	for {
		h, err := r.x.next()
		if err != nil {
			return nil, err
		}
		r.x.end = r.x.in.position
		e, err := r.enter(h)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", h.Name, err)
		}
		if e != nil {
			return e, nil
		}
	}
}

// leave leaves the current entry. It reads the rest of a sparse file, whose end is otherwise unknown.
func (r *Reader) leave() error {
	if !r.sparse {
		return nil
	}
	_, err := io.Copy(io.Discard, r)
	r.x.end = padded(r.x.in.position)
	r.sparse = false
	return err
}

// enter makes the entry of the header h the current one. It returns nil for a global header.
func (r *Reader) enter(h *tar.Header) (*tree.Entry, error) {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil, checkGlobal(h)
	}
	e, err := convert(h)
	if err != nil {
		return nil, err
	}
	r.name, r.size = h.Name, 0
	switch {
	case h.Typeflag == tar.TypeLink:
		if e.Target, err = tree.Clean(h.Linkname); err != nil {
			return nil, fmt.Errorf("hard link to %q: %w", h.Linkname, err)
		}
		e.Kind = tree.Hardlink
	case e.Kind != tree.File:
	case isSparse(h):
		r.sparse, r.size = true, h.Size
		if r.x.sparse -= h.Size; r.x.sparse < 0 {
			return nil, fmt.Errorf("sparse: %w", decompress.ErrLimit)
		}
	default:
		r.size = h.Size
		r.x.end += padded(h.Size)
	}
	return e, nil
}

// Size returns the number of bytes of the current entry's content.
func (r *Reader) Size() int64 { return r.size }

// Read implements io.Reader: it reads the current entry's content.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.x.tar.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("entry %q: %w", r.name, r.x.broken(err))
	}
	return n, err
}
