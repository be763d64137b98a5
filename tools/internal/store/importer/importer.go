// Package importer reads images that other programs exported, as bases for new ones.
//
// [Open] takes an image layout directory, an OCI archive or a docker-archive, distinguished by their contents. A [Store]
// lists the images; [Store.Choose] picks one. The size and digest of every blob are verified, and not a byte is changed:
// manifest, config and layers keep their digests. Only the manifest of an image from a docker-archive is new, because
// such an archive has none.
//
// Non-goals: images in registries or in a daemon, unpacking layers, images other than for containers.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
	"github.com/rules-strata/rules_strata/tools/internal/store/unarchive"
)

// Store is an opened layout or archive.
type Store struct {
	path   string
	closer io.Closer
	images []candidate
	layout *layout.Layout // nil for a docker-archive
}

// Open opens the layout directory or the archive at path and lists its images. It verifies the manifests and configs that
// it reads for this. A compressed archive is unpacked into a file in the directory scratch, as by [unarchive.Open]. The caller
// closes the store.
func Open(ctx context.Context, path, scratch string) (*Store, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		source, images, err := listLayout(ctx, os.DirFS(path))
		return newStore(path, io.NopCloser(nil), source, images, err)
	}
	tar, err := unarchive.Open(path, scratch)
	if err != nil {
		return nil, err
	}
	source, images, err := listArchive(ctx, tar)
	return newStore(path, tar, source, images, err)
}

func newStore(path string, closer io.Closer, source *layout.Layout, images []candidate, err error) (*Store, error) {
	if err == nil && len(images) == 0 {
		err = errors.New("contains no image")
	}
	if err != nil {
		closer.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Store{path: path, closer: closer, images: images, layout: source}, nil
}

// listArchive lists the images of a tar. A tar that is both an OCI archive and a docker-archive is read as an OCI archive,
// which has the image's original manifest.
func listArchive(ctx context.Context, tar *unarchive.Reader) (*layout.Layout, []candidate, error) {
	source, images, err := listLayout(ctx, tar)
	isLayout := !errors.Is(err, layout.ErrNotLayout)
	if isLayout && (err != nil || len(images) > 0) {
		return source, images, err
	}
	// Docker 25 lists an image without a name only in manifest.json.
	images, err = listDocker(tar)
	switch {
	case isLayout && errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("not an image archive: it has neither %q nor %q",
			layout.MarkerFile, archive.DockerManifestFile)
	}
	return nil, images, err
}

// OpenDocker lists the images of a docker-archive. Close closes the archive too.
func OpenDocker(path string, tar *unarchive.Reader) (*Store, error) {
	images, err := listDocker(tar)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("not an image archive: it has neither %q nor %q", layout.MarkerFile, archive.DockerManifestFile)
	}
	return newStore(path, tar, nil, images, err)
}

// Names returns the names of each image, in the order of the store.
func (s *Store) Names() [][]string {
	var all [][]string
	for _, image := range s.images {
		all = append(all, image.names)
	}
	return all
}

// Load reads the image at a position in Names.
func (s *Store) Load(ctx context.Context, n int) (*Image, error) { return s.load(ctx, s.images[n]) }

// Close closes the store. Its images can no longer be read.
func (s *Store) Close() error { return s.closer.Close() }
