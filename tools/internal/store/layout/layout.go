// Package layout reads and writes OCI image layouts (image-spec 1.1, "image-layout.md").
//
// A layout is a set of files: blobs by digest, index.json, which lists the roots, and a marker. [Write] writes it as a
// directory of regular files only, because clients reject blobs that are symlinks. [Open] reads one from any file system,
// which may be a tar archive. Package archive writes the same files as a tar.
//
// [Add] adds to a layout that exists.
//
// Non-goals: removing from a layout, and blobs that are not sha256.
package layout

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// The files of a layout other than blobs, and the directory of the blobs.
const (
	MarkerFile = "oci-layout"
	IndexFile  = "index.json"
	BlobsDir   = "blobs"
)

// Marker is the contents of the marker file.
const Marker = `{"imageLayoutVersion":"1.0.0"}`

// Annotations of a root in index.json that name it. Podman requires the full name in the second and then accepts a bare
// tag in the first, by which skopeo, oras and regctl address the image.
const (
	AnnotationTag  = "org.opencontainers.image.ref.name"
	AnnotationName = "io.containerd.image.name"
)

// BlobPath returns the slash-separated path of a blob inside a layout.
func BlobPath(d digest.Digest) string {
	return path.Join(BlobsDir, d.Algorithm().String(), d.Encoded())
}

// Image is an image in a layout.
type Image struct {
	// Root is the descriptor of the image or of an index.
	Root oci.Descriptor
	// Names are its names, each with a tag. They may be empty.
	Names []reference.Reference
}

// Index returns the index.json for one root: an entry for each name, or one entry without a name. A root that is itself
// an image index stays one entry, because Podman refuses to load a layout that lists several manifests.
func Index(root oci.Descriptor, names []reference.Reference) ([]byte, error) {
	return IndexAll([]Image{{Root: root, Names: names}})
}

// IndexAll returns the index.json for several images, with the entries of [Index]. Clients find an entry by its
// annotation [AnnotationTag], so a tag that several images share is replaced there with the full name.
func IndexAll(images []Image) ([]byte, error) {
	owners := make(map[string]digest.Digest)
	shared := make(map[string]bool)
	for _, image := range images {
		for _, name := range image.Names {
			owner, taken := owners[name.Tag]
			shared[name.Tag] = shared[name.Tag] || taken && owner != image.Root.Digest
			owners[name.Tag] = image.Root.Digest
		}
	}
	var all []oci.Descriptor
	for _, image := range images {
		listed, err := entries(image.Root, image.Names)
		if err != nil {
			return nil, err
		}
		for _, d := range listed {
			if shared[d.Annotations[AnnotationTag]] {
				d.Annotations[AnnotationTag] = d.Annotations[AnnotationName]
			}
		}
		all = append(all, listed...)
	}
	return oci.Marshal(oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: all})
}

// entries returns the entries of an index.json for a root.
func entries(root oci.Descriptor, names []reference.Reference) ([]oci.Descriptor, error) {
	if len(names) == 0 {
		return []oci.Descriptor{root}, nil
	}
	var all []oci.Descriptor
	for _, name := range names {
		if name.Tag == "" || name.Digest != "" {
			return nil, fmt.Errorf("%s: an image in a layout is named by a tag, not by a digest", name)
		}
		named := root
		named.Annotations = maps.Clone(root.Annotations)
		if named.Annotations == nil {
			named.Annotations = make(map[string]string)
		}
		named.Annotations[AnnotationTag] = name.Tag
		named.Annotations[AnnotationName] = name.String()
		all = append(all, named)
	}
	return all, nil
}

// Write writes root and all blobs that it reaches as a layout to the directory dir, which must be absent or empty. It
// verifies documents, but only the size of other blobs that are files (see [content.CopyFast]). It leaves out layers that
// are not distributable and not in src. After an error, the directory does not exist.
func Write(
	ctx context.Context, dir string, src content.Source, root oci.Descriptor, names []reference.Reference,
) error {
	return WriteAll(ctx, dir, src, []Image{{Root: root, Names: names}})
}

// WriteAll is like [Write], for several images. Each blob is written once.
func WriteAll(ctx context.Context, dir string, src content.Source, images []Image) error {
	index, err := IndexAll(images)
	if err != nil {
		return err
	}
	out, err := atomicfile.CreateDirectory(dir)
	if err != nil {
		return err
	}
	defer out.Abort()
	err = EachBlob(ctx, src, images, func(d oci.Descriptor, document []byte) error {
		if document == nil && content.IsElsewhere(ctx, src, d) {
			return nil
		}
		return WriteBlob(filepath.Join(out.Path, BlobsDir), d, func(w io.Writer) error {
			if document != nil {
				_, err := w.Write(document)
				return err
			}
			return content.CopyFast(ctx, w, src, d)
		})
	})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{MarkerFile: []byte(Marker), IndexFile: index} {
		if err := os.WriteFile(filepath.Join(out.Path, name), data, 0o644); err != nil {
			return err
		}
	}
	return out.Commit()
}

// EachBlob calls use with every blob that the images reach, each once, in the order of [content.Walk].
func EachBlob(
	ctx context.Context, src content.Source, images []Image, use func(d oci.Descriptor, document []byte) error,
) error {
	seen := make(map[digest.Digest]bool)
	for _, image := range images {
		err := content.Walk(ctx, src, image.Root, func(d oci.Descriptor, document []byte) error {
			if seen[d.Digest] {
				return nil
			}
			seen[d.Digest] = true
			return use(d, document)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// WriteBlob creates the file of the blob d below the directory blobs, with contents written by fill.
func WriteBlob(blobs string, d oci.Descriptor, fill func(w io.Writer) error) error {
	if err := oci.CheckDescriptor(d); err != nil {
		return err
	}
	path := filepath.Join(blobs, d.Digest.Algorithm().String(), d.Digest.Encoded())
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = fill(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
