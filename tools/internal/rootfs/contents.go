package rootfs

import (
	"context"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Contents visits the regular files that want accepts, or all of them if want is nil. It makes one pass over the layers
// that contain them and visits each file once, however many names it has, in the order of the layers and their archives.
// Empty files are visited, too. visit need not read all of r, and must not use it after it returns.
//
// A layer is verified at its end, so visit has seen the right bytes only if Contents returns nil.
func (f *FileSystem) Contents(
	ctx context.Context, want func(*File) bool, visit func(file *File, r io.Reader) error,
) error {
	var budget budget
	for i, wanted := range f.wanted(want) {
		if len(wanted) == 0 {
			continue
		}
		err := f.stack.read(ctx, i, &budget, func(number int, _ *tree.Entry, r *tarfile.Reader) error {
			if file := wanted[number]; file != nil {
				return visit(file, io.LimitReader(r, file.Size))
			}
			return nil
		})
		if err != nil {
			return f.stack.named(i, err)
		}
	}
	return nil
}

// wanted returns the files that Contents visits, by their layers and their positions there.
func (f *FileSystem) wanted(want func(*File) bool) []map[int]*File {
	byLayer := make([]map[int]*File, len(f.stack.layers))
	for _, e := range f.entries {
		if e.First != "" || e.File.Kind != tree.File || want != nil && !want(e.File) {
			continue
		}
		if byLayer[e.File.Layer] == nil {
			byLayer[e.File.Layer] = make(map[int]*File)
		}
		byLayer[e.File.Layer][e.File.Number] = e.File
	}
	return byLayer
}

// Digests returns the digests of the regular files that want accepts, or of all of them if want is nil. It makes one pass
// of [FileSystem.Contents].
func (f *FileSystem) Digests(ctx context.Context, want func(*File) bool) (map[*File]digest.Digest, error) {
	digests := make(map[*File]digest.Digest)
	err := f.Contents(ctx, want, func(file *File, r io.Reader) error {
		d, _, err := digest.FromReader(r)
		digests[file] = d
		return err
	})
	if err != nil {
		return nil, err
	}
	return digests, nil
}
