package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Add adds root and all that it reaches to the layout in the directory dir. Blobs that the layout has are not read. An
// entry of index.json with one of the names is replaced, as is one without a name for the same root; other entries and all
// blobs stay. index.json is replaced last, so readers see the layout before or after the change, and an error leaves at
// most blobs that nothing refers to. Several processes may add to a layout at the same time, see [atomicfile.Lock].
func Add(ctx context.Context, dir string, src content.Source, root oci.Descriptor, names []reference.Reference) error {
	if _, _, err := readIndex(os.DirFS(dir)); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	added, err := entries(root, names)
	if err != nil {
		return err
	}
	blobs := filepath.Join(dir, BlobsDir)
	err = content.Walk(ctx, src, root, func(d oci.Descriptor, document []byte) error {
		if has(blobs, d) || document == nil && content.IsElsewhere(ctx, src, d) {
			return nil
		}
		return addBlob(blobs, d, func(w io.Writer) error {
			if document != nil {
				_, err := w.Write(document)
				return err
			}
			return content.Copy(ctx, w, src, d)
		})
	})
	if err != nil {
		return err
	}
	return addEntries(ctx, dir, added)
}

// addEntries adds entries to the index.json of the layout in the directory dir, and removes those that they replace.
func addEntries(ctx context.Context, dir string, added []oci.Descriptor) error {
	path := filepath.Join(dir, IndexFile)
	unlock, err := atomicfile.Lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	// Other processes may have added entries while this one wrote blobs.
	index, _, err := readIndex(os.DirFS(dir))
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	index.Manifests = append(slices.DeleteFunc(index.Manifests, func(old oci.Descriptor) bool {
		return slices.ContainsFunc(added, func(d oci.Descriptor) bool { return replaces(d, old) })
	}), added...)
	data, err := oci.Marshal(index)
	if err != nil {
		return err
	}
	return atomicfile.WriteDurably(path, data)
}

// replaces reports whether two entries of an index.json cannot both remain: they have the same full name, the same tag if
// one of them has no full name, or the same root if one of them has no name.
func replaces(added, old oci.Descriptor) bool {
	x, y := added.Annotations, old.Annotations
	switch {
	case x[AnnotationTag] == "" || y[AnnotationTag] == "":
		return added.Digest == old.Digest
	case x[AnnotationName] == "" || y[AnnotationName] == "":
		return x[AnnotationTag] == y[AnnotationTag]
	}
	return x[AnnotationName] == y[AnnotationName]
}

// has reports whether a layout has a blob with the digest and the size. Its bytes are not compared: a layout's blobs are
// complete, because they get their names last.
func has(blobs string, d oci.Descriptor) bool {
	info, err := os.Stat(blobPath(blobs, d.Digest))
	return err == nil && info.Mode().IsRegular() && info.Size() == d.Size
}

// addBlob makes the file of a blob, which may be there in a damaged form.
func addBlob(blobs string, d oci.Descriptor, fill func(w io.Writer) error) error {
	path := blobPath(blobs, d.Digest)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := fill(f); err != nil {
		return err
	}
	return f.Commit()
}

// blobPath returns the path of the file of a checked digest below the directory blobs.
func blobPath(blobs string, d digest.Digest) string {
	return filepath.Join(blobs, d.Algorithm().String(), d.Encoded())
}

// IsLayout reports whether the directory dir has the marker file of a layout.
func IsLayout(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, MarkerFile))
	return !errors.Is(err, fs.ErrNotExist)
}
