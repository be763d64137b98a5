package tarfile

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

const (
	blockSize = 512
	// maxMemory bounds the memory for the entries of one archive, in bytes.
	maxMemory = 1 << 30
	// entryCost is roughly the memory for an entry in addition to its texts.
	entryCost = 400
)

var (
	errCut      = errors.New("the archive is truncated")
	errTrailing = errors.New("data after the end of the archive")
	errNoTar    = errors.New("not a tar archive, plain or compressed with gzip, bzip2, xz or zstd")
	errTooMany  = errors.New("the archive has too many entries")
)

// index reads the headers of an archive.
type index struct {
	name   string
	in     *stream
	tar    *tar.Reader
	at     io.ReaderAt       // contents are read from it later; nil if they are not read
	asItIs bool              // the archive itself is to become the layer
	spool  *decompress.Spool // for sparse files
	sparse int64             // how many bytes sparse files may still have

	entries []*tree.Entry
	latest  map[string]*tree.Entry
	cost    int
	end     int64 // where the last entry ends
}

// newIndex returns an index of the archive in; archive/tar reads the archive through r.
func newIndex(name string, in *stream, r io.Reader) *index {
	return &index{name: name, in: in, tar: tar.NewReader(r), sparse: decompress.Limit(0),
		latest: make(map[string]*tree.Entry)}
}

// read returns the entries, for each path the last one.
func (x *index) read() ([]*tree.Entry, error) {
	for {
		h, err := x.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if x.asItIs && x.in.screen.odd {
			return nil, ErrForm
		}
		if err := x.add(h); err != nil {
			return nil, fmt.Errorf("entry %q: %w", h.Name, x.broken(err))
		}
		if x.cost > maxMemory {
			return nil, errTooMany
		}
	}
	if x.asItIs && x.in.screen.odd {
		return nil, ErrForm
	}
	var counting []*tree.Entry
	for _, e := range x.entries {
		if x.latest[key(e)] == e {
			counting = append(counting, e)
		}
	}
	return counting, nil
}

// next returns the next header, or io.EOF after a valid end.
func (x *index) next() (*tar.Header, error) {
	h, err := x.tar.Next()
	switch {
	case err == io.EOF:
		return nil, x.finish()
	case err != nil:
		return nil, x.broken(err)
	}
	if err := x.in.screen.compare(h, x.in.position); err != nil {
		return nil, fmt.Errorf("entry %q: %w", h.Name, err)
	}
	return h, nil
}

// finish returns io.EOF if the archive has a valid end.
func (x *index) finish() error {
	if err := x.ending(); err != nil {
		return err
	}
	if x.in.screen.err != nil {
		return x.in.screen.err
	}
	return io.EOF
}

// broken translates an error of archive/tar.
func (x *index) broken(err error) error {
	switch screen := x.in.screen; {
	case screen.tar && screen.err != nil && !errors.Is(screen.err, errSkipped):
		return screen.err
	case x.end == 0 && !screen.tar && (errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF)):
		return errNoTar
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCut
	case errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("damaged near byte %d: invalid header", x.in.position)
	}
	return err
}

// ending checks that the archive ends with a block of zeros, better two, and that only zeros follow. For archive/tar, an
// archive may also end after extended headers whose entry is missing.
func (x *index) ending() error {
	switch {
	case x.in.position == 0:
		return errNoTar
	case x.in.position < x.end+blockSize || x.in.solid > x.end:
		return errCut
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := x.in.Read(buffer)
		if strings.Trim(string(buffer[:n]), "\x00") != "" {
			return errTrailing
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// add adds the entry of the header h.
func (x *index) add(h *tar.Header) error {
	x.end = x.in.position
	if h.Typeflag == tar.TypeXGlobalHeader {
		return checkGlobal(h)
	}
	e, err := x.entry(h)
	if err != nil || e == nil {
		return err
	}
	x.cost += entryCost + len(e.Path) + len(e.Target) + len(e.User) + len(e.Group)
	for name, value := range e.Xattrs {
		x.cost += entryCost + len(name) + len(value)
	}
	if x.latest[key(e)] != nil {
		x.in.screen.odd = true // Docker and Podman reject such a layer
	}
	x.entries = append(x.entries, e)
	x.latest[key(e)] = e
	return nil
}

// entry returns the entry of the header h, or nil if it adds nothing.
func (x *index) entry(h *tar.Header) (*tree.Entry, error) {
	e, err := convert(h)
	if err != nil {
		return nil, err
	}
	e.Origin = x.name + ":" + h.Name
	switch {
	case h.Typeflag == tar.TypeLink:
		return x.link(e, h.Linkname)
	case e.Kind == tree.File && isSparse(h):
		e.Content, err = x.expand(h.Size)
		return e, err
	case e.Kind == tree.File && h.Size > 0:
		e.Content = section{x.at, x.end, h.Size}
		x.end += padded(h.Size)
	}
	return e, nil
}

// link returns the entry of a hard link: the entry of the file, with another path.
func (x *index) link(e *tree.Entry, target string) (*tree.Entry, error) {
	path, err := tree.Clean(target)
	if err != nil {
		return nil, fmt.Errorf("hard link to %q: %w", target, err)
	}
	to := x.latest[path]
	switch {
	case to == nil || to.Kind == tree.Dir:
		return nil, fmt.Errorf("hard link to %q, which is not an earlier file in the archive", target)
	case path == e.Path:
		x.in.screen.odd = true // engines remove the file before they link it
		return nil, nil
	case to.Kind == tree.File && to.Inode == nil:
		to.Inode = new(int)
	}
	if !agrees(to, e) {
		x.in.screen.odd = true // Docker and Podman give it to the file, other programs do not
	}
	same := *to
	same.Path, same.Origin = e.Path, e.Origin
	return &same, nil
}

// agrees reports whether the metadata of a hard link equals that of the file.
func agrees(file, link *tree.Entry) bool {
	for name, value := range link.Xattrs {
		if known, ok := file.Xattrs[name]; !ok || known != value {
			return false
		}
	}
	return link.Mode == file.Mode && link.UID == file.UID && link.GID == file.GID && link.ModTime.Equal(file.ModTime)
}

// expand reads a sparse file of size bytes with its holes filled.
func (x *index) expand(size int64) (tree.Content, error) {
	if x.sparse -= size; x.sparse < 0 {
		return nil, fmt.Errorf("sparse: %w", decompress.ErrLimit)
	}
	if x.spool == nil {
		_, err := io.Copy(io.Discard, x.tar)
		x.end = padded(x.in.position)
		return nil, err
	}
	data, err := x.spool.Add(x.tar)
	if err != nil {
		return nil, err
	}
	x.end = padded(x.in.position)
	return section{data, 0, size}, nil
}

// padded returns size rounded up to whole blocks.
func padded(size int64) int64 { return (size + blockSize - 1) &^ (blockSize - 1) }

// key is equal for entries of which only the last one is kept.
func key(e *tree.Entry) string {
	switch e.Kind {
	case tree.Whiteout:
		return "whiteout " + e.Path
	case tree.Opaque:
		return "opaque " + e.Path
	}
	return e.Path
}
