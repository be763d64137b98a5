package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/layer/ztoc"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// maker makes lazy images.
type maker struct {
	layers       map[digest.Digest]string // files of zTOCs by layers
	blobs        store
	minLayerSize int64
}

// image adds zTOCs to the image with the descriptor and the manifest. Without any, the image stays the same, and the result
// has no SOCI manifest. Notices state what is left out.
func (m *maker) image(ctx context.Context, d oci.Descriptor, manifest []byte) (image.LazyImage, error) {
	same := image.LazyImage{Image: image.Document{Bytes: manifest, Descriptor: d}}
	parsed, err := oci.ParseManifest(manifest, d.MediaType)
	if err != nil {
		return same, err
	}
	name := string(d.Digest)
	if d.Platform != nil {
		name = oci.FormatPlatform(*d.Platform)
	}
	var ztocs []image.ZTOC
	small := 0
	for _, layer := range parsed.Layers {
		if layer.Size < m.minLayerSize {
			small++
			continue
		}
		z := image.ZTOC{SpanSize: ztoc.SpanSize, Layer: layer}
		if file := m.layers[layer.Digest]; file != "" {
			if z.Digest, z.Size, err = m.blobs.copy(file); err != nil {
				return same, err
			}
		}
		if z.Size == 0 {
			message.Notify(ctx, "%s: layer %s of %d bytes is not lazy: mklayer did not pack it with gzip", name, layer.Digest,
				layer.Size)
			continue
		}
		ztocs = append(ztocs, z)
	}
	if small > 0 {
		message.Notify(ctx, "%s: %d of %d layers are not lazy: they have fewer than %d bytes", name, small, len(parsed.Layers),
			m.minLayerSize)
	}
	if len(ztocs) == 0 {
		message.Notify(ctx, "%s: no layer is lazy, so the image stays the same", name)
		return same, nil
	}
	made, err := image.MakeLazy(d, manifest, ztocs)
	if err != nil {
		return same, err
	}
	return made, m.blobs.add(made.SOCI.Bytes, []byte("{}"))
}

// store is a directory of blobs, each as sha256/HEX.
type store struct{ directory string }

func newStore(directory string) (store, error) {
	s := store{filepath.Join(directory, "sha256")}
	return s, os.Mkdir(s.directory, 0o755)
}

// copy adds a file, unless it is empty, and returns its digest and its size.
func (s store) copy(path string) (digest.Digest, int64, error) {
	in, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer in.Close()
	sum, size, err := digest.FromReader(in)
	if err != nil || size == 0 {
		return sum, size, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return sum, size, err
	}
	out, err := atomicfile.Create(filepath.Join(s.directory, sum.Encoded()))
	if err != nil {
		return sum, size, err
	}
	defer out.Abort()
	if _, err := io.Copy(out, digest.NewVerifier(in, sum, size)); err != nil {
		return sum, size, err
	}
	return sum, size, out.Commit()
}

// add adds documents.
func (s store) add(documents ...[]byte) error {
	for _, data := range documents {
		if err := atomicfile.Write(filepath.Join(s.directory, digest.FromBytes(data).Encoded()), data); err != nil {
			return err
		}
	}
	return nil
}
