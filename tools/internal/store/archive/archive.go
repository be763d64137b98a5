// Package archive writes images in one tar file.
//
// [Write] writes an OCI archive, a tar of an image layout, which is also a docker-archive: its manifest.json lists the
// config and the layers among the layout's blobs, for a Docker that does not read layouts. For an index, it lists the
// first image. [WriteAll] writes several images into one archive. Package unarchive opens either kind.
//
// The bytes of a written archive depend only on the image and its names: entries have a fixed order, the time 0, the
// owner 0 and the mode 0644. It is written as a stream; index.json and manifest.json come first, so that readers find
// them without going through the blobs.
//
// Non-goals: writing compressed archives.
package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// blockSize is the unit of a tar file, in bytes. Two blocks of zeros end it.
const blockSize = 512

// Options configure an archive. The zero value writes the whole image without a name.
type Options struct {
	// Names are the image's names, each with a tag. They may be empty.
	Names []reference.Reference
	// Omit are blobs that are left out because the reader of the archive has them. The archive is then incomplete for
	// every other reader.
	Omit map[digest.Digest]bool
}

// Write writes root and all blobs that it reaches as an archive to w. It verifies documents, but only the size of other
// blobs that are files (see [content.CopyFast]). After an error, the output is not a valid archive.
func Write(ctx context.Context, w io.Writer, src content.Source, root oci.Descriptor, options Options) error {
	return write(ctx, w, src, []layout.Image{{Root: root, Names: options.Names}}, options.Omit)
}

// WriteAll is like [Write], for several images. Each blob is written once. Podman and old versions of Docker load them
// through manifest.json, which lists one image for each index.
func WriteAll(ctx context.Context, w io.Writer, src content.Source, images []layout.Image) error {
	return write(ctx, w, src, images, nil)
}

func write(
	ctx context.Context, w io.Writer, src content.Source, images []layout.Image, omit map[digest.Digest]bool,
) error {
	index, err := layout.IndexAll(images)
	if err != nil {
		return err
	}
	docker, err := dockerManifest(ctx, src, images)
	if err != nil {
		return err
	}
	blobs, err := held(ctx, src, images, omit)
	if err != nil {
		return err
	}
	out := tarWriter{w}
	if err := out.head(index, docker); err != nil {
		return err
	}
	for _, d := range blobs {
		if err := out.blob(ctx, src, d); err != nil {
			return err
		}
	}
	_, err = w.Write(make([]byte, 2*blockSize))
	return err
}

// held returns the blobs of an archive: all that the images reach except the omitted ones.
func held(
	ctx context.Context, src content.Source, images []layout.Image, omit map[digest.Digest]bool,
) (blobs []oci.Descriptor, err error) {
	err = layout.EachBlob(ctx, src, images, func(d oci.Descriptor, document []byte) error {
		if omit[d.Digest] {
			return nil
		}
		if document == nil && content.IsElsewhere(ctx, src, d) {
			return fmt.Errorf("%s: the layer is missing and not distributable, so it cannot be archived; "+
				"engines fetch it from %s", d.Digest, d.URLs[0])
		}
		blobs = append(blobs, d)
		return nil
	})
	return blobs, err
}

// tarWriter writes tar entries. Unlike tar.Writer it leaves the body to io.Copy, which lets the kernel move it from
// file to file.
type tarWriter struct{ io.Writer }

// head writes the entries before the blobs. It omits manifest.json if docker is nil.
func (w tarWriter) head(index, docker []byte) error {
	if err := w.file(layout.MarkerFile, []byte(layout.Marker)); err != nil {
		return err
	}
	if err := w.file(layout.IndexFile, index); err != nil {
		return err
	}
	if docker != nil {
		if err := w.file(DockerManifestFile, docker); err != nil {
			return err
		}
	}
	for _, dir := range []string{layout.BlobsDir + "/", layout.BlobsDir + "/sha256/"} {
		if err := w.header(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}); err != nil {
			return err
		}
	}
	return nil
}

func (w tarWriter) header(h tar.Header) error {
	h.ModTime = time.Unix(0, 0)
	var block bytes.Buffer
	if err := tar.NewWriter(&block).WriteHeader(&h); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	_, err := w.Write(block.Bytes())
	return err
}

func (w tarWriter) file(name string, data []byte) error {
	if err := w.header(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.pad(int64(len(data)))
}

func (w tarWriter) blob(ctx context.Context, src content.Source, d oci.Descriptor) error {
	name := layout.BlobPath(d.Digest)
	if err := w.header(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: d.Size}); err != nil {
		return err
	}
	if err := content.CopyFast(ctx, w.Writer, src, d); err != nil {
		return err
	}
	return w.pad(d.Size)
}

// pad completes the last block of a body of size bytes.
func (w tarWriter) pad(size int64) error {
	_, err := w.Write(make([]byte, -size&(blockSize-1)))
	return err
}
