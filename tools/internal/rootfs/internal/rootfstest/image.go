package rootfstest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// Blobs is a source of blobs in memory.
type Blobs map[digest.Digest][]byte

// Open implements content.Source.
func (b Blobs) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	data, ok := b[d.Digest]
	if !ok {
		return nil, content.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Put adds a blob.
func (b Blobs) Put(mediaType string, data []byte) oci.Descriptor {
	d := digest.FromBytes(data)
	b[d] = data
	return oci.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// Image returns the descriptor of an image of the layers' blobs, and a source of all of its blobs.
func Image(ctx context.Context, layers ...[]byte) (oci.Descriptor, Blobs, error) {
	blobs := make(Blobs)
	var descriptors []oci.Descriptor
	var rootfs oci.RootFS
	for _, data := range layers {
		plain, codec, err := decompress.NewReader(ctx, bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return oci.Descriptor{}, nil, err
		}
		diffID, _, err := digest.FromReader(plain)
		if err != nil {
			return oci.Descriptor{}, nil, err
		}
		descriptors = append(descriptors, blobs.Put(oci.Compression(codec).MediaType(), data))
		rootfs.DiffIDs = append(rootfs.DiffIDs, diffID)
	}
	rootfs.Type = "layers"
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": "amd64", "config": map[string]any{"Cmd": []string{"/none"}}, "rootfs": rootfs,
	})
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	manifest, err := oci.Marshal(oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
		Config: blobs.Put(oci.MediaTypeConfig, config), Layers: descriptors,
	})
	return blobs.Put(oci.MediaTypeManifest, manifest), blobs, err
}

// WriteLayout writes an image of the layers to the directory dir, as an image layout. Its tag is "stack".
func (c *Case) WriteLayout(ctx context.Context, dir string) error {
	root, blobs, err := Image(ctx, c.Layers...)
	if err != nil {
		return err
	}
	name, err := reference.Parse("localhost/stack:stack")
	if err != nil {
		return err
	}
	return layout.Write(ctx, dir, blobs, root, []reference.Reference{name})
}
