package shape

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// The names that mark deletions in a layer (image-spec 1.1, "layer.md", section Whiteouts).
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
)

const (
	// maxMemory bounds what the entries of one layer may take, in bytes: more than a million of them.
	maxMemory = 512 << 20
	// entryCost is about what an entry takes beside its texts.
	entryCost = 400
)

var errTooMany = errors.New("the layer has too many entries")

// OfArchive returns the shape of a layer of elsewhere, a stream of size bytes, packed or not. It has the directories that
// the layer has entries for: what engines make of those that it implies is up to them. Layers of elsewhere are not
// judged here: an entry whose name cannot be in an image is passed over. What it unpacks to and what its entries take in
// memory is bounded.
func OfArchive(ctx context.Context, r io.Reader, size int64) (*Shape, error) {
	return ofArchive(ctx, r, size, maxMemory)
}

func ofArchive(ctx context.Context, r io.Reader, size int64, memory int) (*Shape, error) {
	unpacked, _, err := decompress.NewReader(ctx, r, size)
	if err != nil {
		return nil, err
	}
	defer unpacked.Close()
	var entries []*tree.Entry
	latest := make(map[string]*tree.Entry)
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
		}
		if memory < 0 {
			return nil, errTooMany
		}
	}
	var counting []*tree.Entry // of several entries for a path the last one counts
	for _, e := range entries {
		if latest[e.Path] == e || e.Kind == tree.Whiteout || e.Kind == tree.Opaque {
			counting = append(counting, e)
		}
	}
	return Of(counting), nil
}

// entry returns what a shape takes from a header, nil if that is nothing.
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
