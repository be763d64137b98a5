package content

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// maxDepth is how deep indexes may nest. Real ones nest once.
const maxDepth = 8

// Walk visits every blob that root reaches, children before parents: layers in order, config, manifest, index. A blob
// that is reached twice is visited once. A layer or config has no data; a manifest or index comes with its verified
// bytes.
func Walk(ctx context.Context, src Source, root oci.Descriptor, visit func(d oci.Descriptor, data []byte) error) error {
	w := walker{ctx: ctx, src: src, visit: visit, seen: make(map[digest.Digest]bool)}
	return w.walk(root, 0)
}

type walker struct {
	ctx   context.Context
	src   Source
	visit func(oci.Descriptor, []byte) error
	seen  map[digest.Digest]bool
}

func (w *walker) walk(d oci.Descriptor, depth int) error {
	if w.seen[d.Digest] {
		return nil
	}
	if err := Validate(d); err != nil {
		return err
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: indexes nest more than %d deep", d.Digest, maxDepth)
	}
	w.seen[d.Digest] = true
	if !oci.IsIndex(d.MediaType) && !oci.IsManifest(d.MediaType) {
		return w.visit(d, nil)
	}
	data, err := ReadAll(w.ctx, w.src, d)
	if err != nil {
		return err
	}
	children, err := Children(d.MediaType, data)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Digest, err)
	}
	for _, child := range children {
		if err := w.walk(child, depth+1); err != nil {
			return err
		}
	}
	return w.visit(d, data)
}

// Children returns the blobs that a document refers to: an index's manifests, or a manifest's layers and then its
// config.
func Children(mediaType string, data []byte) ([]oci.Descriptor, error) {
	if oci.IsIndex(mediaType) {
		var index oci.Index
		err := oci.Unmarshal(data, &index)
		return index.Manifests, err
	}
	var manifest oci.Manifest
	if err := oci.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	return append(manifest.Layers[:len(manifest.Layers):len(manifest.Layers)], manifest.Config), nil
}
