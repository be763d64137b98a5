// Package scan finds the shape of a layer in its archive. It is separate from package shape because most programs only read and
// write shapes, and need no decompressor.
package scan

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/accounts"
	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// The names that mark deletions in a layer (image-spec 1.1, "layer.md", section Whiteouts).
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
)

const (
	// maxMemory bounds the memory for the entries of one layer, in bytes: more than a million entries.
	maxMemory = 512 << 20
	// entryCost is about what an entry takes in addition to its texts.
	entryCost = 400
)

var errTooMany = errors.New("the layer has too many entries")

// Archive returns the shape of a layer made elsewhere, a stream of size bytes, compressed or not. The shape has the
// directories for which the layer has entries, but not those that it only implies, which engines create as they like. It
// has the layer's programs.
// Archive bounds the decompressed size and the memory for entries, but does not validate the layer: it skips an entry
// with an invalid name. This is why it does not use package tarfile, which rejects an archive with such an entry.
func Archive(ctx context.Context, r io.Reader, size int64) (*shape.Shape, error) {
	return archive(ctx, r, size, maxMemory)
}

// Blob reads the layer d and verifies it. The shape is nil if the layer is not an archive.
func Blob(ctx context.Context, src content.Source, d oci.Descriptor) (*shape.Shape, error) {
	in, out := io.Pipe()
	found := make(chan *shape.Shape, 1)
	go func() {
		s, err := Archive(ctx, in, d.Size)
		if err != nil {
			s = nil
		}
		io.Copy(io.Discard, in) // it ends when the layer does
		found <- s
	}()
	err := content.Copy(ctx, out, src, d)
	out.CloseWithError(err)
	return <-found, err
}

func archive(ctx context.Context, r io.Reader, size int64, memory int) (*shape.Shape, error) {
	unpacked, _, err := decompress.NewReader(ctx, r, size)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	var entries []*tree.Entry
	latest := make(map[string]*tree.Entry)
	programs := make(map[string]string)
	known := make(map[string]accounts.Names)
	headers := tar.NewReader(unpacked)
	for {
		h, err := headers.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if e := entry(h); e != nil {
			entries = append(entries, e)
			latest[e.Path] = e
			memory -= entryCost + len(e.Path) + len(e.Target)
			delete(programs, e.Path)
			delete(known, e.Path)
			if h.Typeflag == tar.TypeReg && (e.Path == accounts.PasswdPath || e.Path == accounts.GroupPath) {
				if names, err := accounts.ReadNames(headers); err == nil {
					known[e.Path] = names
				}
			} else if interpreter, isProgram, err := program(h, headers, programs); err != nil {
				return nil, err
			} else if isProgram {
				programs[e.Path] = interpreter
				memory -= entryCost + len(e.Path) + len(interpreter)
			}
		}
		if memory < 0 {
			return nil, errTooMany
		}
	}
	var kept []*tree.Entry // the last entry for each path wins
	for _, e := range entries {
		if latest[e.Path] == e || e.Kind == tree.Whiteout || e.Kind == tree.Opaque {
			kept = append(kept, e)
		}
	}
	s := shape.Of(kept, programs)
	for path, names := range known {
		s.Know(path, names)
	}
	return s, nil
}

// program returns the interpreter of the entry with the header h and the content r, and whether it is a program: a file
// that may be executed, or a hard link to one of those in known.
func program(h *tar.Header, r io.Reader, known map[string]string) (string, bool, error) {
	switch {
	case h.Typeflag == tar.TypeLink:
		target, err := tree.Clean(h.Linkname)
		interpreter, ok := known[target]
		return interpreter, ok && err == nil, nil
	case h.Typeflag != tar.TypeReg || h.Mode&0o111 == 0 || strings.HasPrefix(path.Base(h.Name), whiteoutPrefix):
		return "", false, nil
	}
	interpreter, err := source.Interpreter(r)
	return interpreter, true, err
}

// entry returns the part of a header that a shape needs, or nil for a header that it ignores.
func entry(h *tar.Header) *tree.Entry {
	e := &tree.Entry{Mode: tree.Perm(uint32(h.Mode & 0o7777)), UID: uint32(h.Uid), GID: uint32(h.Gid), Target: h.Linkname}
	name := h.Name
	switch dir, base := path.Split(strings.TrimSuffix(h.Name, "/")); {
	case base == opaqueName:
		e.Kind, name = tree.Opaque, "/"+dir
	case strings.HasPrefix(base, whiteoutPrefix):
		e.Kind, name = tree.Whiteout, dir+base[len(whiteoutPrefix):]
	case h.Typeflag == tar.TypeDir:
		e.Kind = tree.Dir
	case h.Typeflag == tar.TypeSymlink:
		e.Kind = tree.Symlink
	case h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	}
	clean, err := tree.Clean(name)
	if err != nil {
		return nil
	}
	e.Path = clean
	return e
}
