package tarball

import (
	"context"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarstream"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Stream writes a whole file system as a tar to a place that cannot seek, in one pass over the layers. Its entries are those
// of [All] in another order: directories, symlinks and devices first, then files in the order in which the layers hold
// them, then further names of files. The bytes depend only on the layers.
func Stream(ctx context.Context, w io.Writer, fs *rootfs.FileSystem) error {
	var links []Item
	files := make(map[*rootfs.File]Item)
	s := stream{w: w}
	for _, item := range All(fs) {
		switch {
		case item.Kind == tree.Hardlink:
			links = append(links, item)
		case item.File != nil:
			files[item.File] = item
		default:
			s.begin(item)
		}
	}
	if s.err != nil {
		return s.err
	}
	err := fs.Contents(ctx, nil, func(file *rootfs.File, r io.Reader) error {
		s.begin(files[file])
		s.copy(r, file.Size)
		return s.err
	})
	if err != nil {
		return err
	}
	for _, item := range links {
		s.begin(item)
	}
	s.write(tarstream.End())
	return s.err
}

// stream writes until the first error.
type stream struct {
	w      io.Writer
	header []byte
	err    error
}

func (s *stream) write(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
}

// begin writes the header of an entry.
func (s *stream) begin(item Item) {
	if s.err == nil {
		if s.header, s.err = item.header(s.header[:0]); s.err != nil {
			s.err = fmt.Errorf("entry %q: %w", item.Path, s.err)
		}
	}
	s.write(s.header)
}

// copy writes a content and its padding.
func (s *stream) copy(r io.Reader, size int64) {
	if s.err != nil {
		return
	}
	if _, s.err = io.CopyN(s.w, r, size); s.err == nil {
		s.write(make([]byte, tarstream.Padding(size)))
	}
}
