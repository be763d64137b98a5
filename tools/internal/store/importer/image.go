package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape/scan"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Image is an image of a store. Its manifest and config are verified; Verify and WriteLayers verify its layers.
type Image struct {
	// Descriptor names the manifest. It has the platform if the image states one, and no annotations.
	Descriptor oci.Descriptor
	// Manifest and Config are the documents' bytes.
	Manifest, Config []byte
	// Layers are the manifest's layers, the lowest first.
	Layers []oci.Descriptor

	path   string // of the store
	source content.Source
}

// config is the part of an image's config that an import reads.
type config struct {
	oci.ConfigPlatform
	RootFS struct {
		DiffIDs []digest.Digest `json:"diff_ids"`
	} `json:"rootfs"`
}

// parseConfig reads an image's config, which must have that number of layers.
func parseConfig(data []byte, layers int) (config, error) {
	var c config
	if err := oci.UnmarshalDistinct(data, &c); err != nil {
		return config{}, fmt.Errorf("config: %w", err)
	}
	if n := len(c.RootFS.DiffIDs); n != layers {
		return config{}, fmt.Errorf("the manifest has %d layers, but the config has %d diff_ids", layers, n)
	}
	for _, id := range c.RootFS.DiffIDs {
		if _, err := digest.Parse(string(id)); err != nil {
			return config{}, fmt.Errorf("config: diff_ids: %w", err)
		}
	}
	return c, nil
}

// platform returns p for an image's descriptor, or nil if p is incomplete.
func platform(p oci.Platform) *oci.Platform {
	if p.OS == "" || p.Architecture == "" {
		return nil
	}
	return &p
}

// Open implements content.Source for the manifest, the config and the layers.
func (i *Image) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	for _, document := range [][]byte{i.Manifest, i.Config} {
		if int64(len(document)) == d.Size && digest.FromBytes(document) == d.Digest {
			return io.NopCloser(bytes.NewReader(document)), nil
		}
	}
	return i.source.Open(ctx, d)
}

// Verify reads all layers and fails unless each has the size and the digest stated in the manifest.
func (i *Image) Verify(ctx context.Context) error {
	return i.eachLayer(ctx, func(d oci.Descriptor) error { return content.Copy(ctx, io.Discard, i.source, d) })
}

// Shape verifies all layers, as Verify does, and returns their shape. A layer that is not an archive, or is missing, has
// no shape.
func (i *Image) Shape(ctx context.Context) (*shape.Shape, error) {
	known := make(map[digest.Digest]*shape.Shape)
	err := i.eachLayer(ctx, func(d oci.Descriptor) (err error) {
		known[d.Digest], err = scan.Blob(ctx, i.source, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all shape.Shape
	for _, d := range i.Layers {
		if s := known[d.Digest]; s != nil {
			all.Put(s)
		} else {
			all.ForgetPrograms()
		}
	}
	return &all, nil
}

// WriteLayers verifies all layers and makes dir, which must be absent or empty, a directory of them for
// [content.Files.AddStored]. After an error, dir is unchanged.
func (i *Image) WriteLayers(ctx context.Context, dir string) error {
	out, err := newBlobs(dir)
	if err != nil {
		return err
	}
	defer out.Abort()
	if err := i.eachLayer(ctx, func(d oci.Descriptor) error { return out.add(ctx, i.source, d) }); err != nil {
		return err
	}
	return out.finish()
}

// eachLayer calls visit for each distinct layer, except those that are absent by design. Its error lists all missing
// layers.
func (i *Image) eachLayer(ctx context.Context, visit func(oci.Descriptor) error) error {
	seen := make(map[digest.Digest]bool)
	var missing []error
	for n, d := range i.Layers {
		if seen[d.Digest] {
			continue
		}
		seen[d.Digest] = true
		if content.IsElsewhere(ctx, i.source, d) {
			continue
		}
		err := visit(d)
		if err == nil {
			continue
		}
		err = fmt.Errorf("%s: layer %d of %d: %w", i.path, n+1, len(i.Layers), err)
		if !errors.Is(err, content.ErrNotFound) {
			return err
		}
		missing = append(missing, err)
	}
	return errors.Join(missing...)
}
