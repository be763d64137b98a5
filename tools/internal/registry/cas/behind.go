package cas

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// Behind returns a source that reads a blob from local if it is there, and otherwise from the cache. Local may name files
// that a build did not download, or left in another state: a blob in a file of the wrong size is not there.
func (c *Cache) Behind(local content.Source) content.Source { return behind{local, c} }

type behind struct {
	local content.Source
	cache *Cache
}

// Open implements content.Source.
func (b behind) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := b.local.Open(ctx, d)
	switch {
	case err == nil && isWhole(r, d):
		return r, nil
	case err == nil:
		r.Close()
	case !errors.Is(err, content.ErrNotFound) && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return b.cache.Open(ctx, d)
}

// isWhole reports whether a blob in a file has the expected size.
func isWhole(r io.Reader, d oci.Descriptor) bool {
	file, ok := r.(*os.File)
	if !ok {
		return true
	}
	info, err := file.Stat()
	return err == nil && info.Size() == d.Size
}
