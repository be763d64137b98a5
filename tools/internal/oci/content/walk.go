package content

import (
	"context"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// maxDepth is how deep indexes may nest. Real indexes nest once.
const maxDepth = 8

// ErrSkip is returned by [Walker.Enter] to skip a blob and all blobs that only it refers to.
var ErrSkip = errors.New("pass over this blob")

// Document is a manifest or an index with its verified bytes.
type Document struct {
	oci.Descriptor
	// Text is the document's bytes.
	Text []byte
}

// Walker visits the blobs that a root reaches, each once.
type Walker struct {
	// Source holds the documents.
	Source Source
	// Enter is called with each blob before it is read. The parents are the documents that lead to it, outermost first.
	// Nil enters all blobs.
	Enter func(d oci.Descriptor, parents []Document) error
	// Leave is called with each entered blob, after all blobs that it refers to: layers in order, config, manifest, index.
	// For a manifest or index, data is its verified bytes; for a layer or config, it is nil. Nil does nothing.
	Leave func(d oci.Descriptor, data []byte) error

	// children is called with the blobs that a document refers to, before any of them is entered. Nil does nothing.
	children func(document Document, children []oci.Descriptor) error
}

// Walk calls leave with every blob that root reaches, like [Walker.Leave].
func Walk(ctx context.Context, src Source, root oci.Descriptor, leave func(d oci.Descriptor, data []byte) error) error {
	return Walker{Source: src, Leave: leave}.Walk(ctx, root)
}

// Walk visits root and all that it reaches. It ends at the first error.
func (w Walker) Walk(ctx context.Context, root oci.Descriptor) error {
	v := visit{Walker: w, ctx: ctx, seen: make(map[digest.Digest]bool)}
	return v.blob(root, nil)
}

// visit is the state of a walk.
type visit struct {
	Walker
	ctx  context.Context
	seen map[digest.Digest]bool
}

func (v *visit) blob(d oci.Descriptor, parents []Document) error {
	if v.seen[d.Digest] {
		return nil
	}
	if err := oci.CheckDescriptor(d); err != nil {
		return err
	}
	if err := v.ctx.Err(); err != nil {
		return err
	}
	isDocument := oci.IsDocument(d.MediaType)
	if isDocument && len(parents) > maxDepth {
		return fmt.Errorf("%s: indexes nest more than %d deep", d.Digest, maxDepth)
	}
	v.seen[d.Digest] = true
	if v.Enter != nil {
		if err := v.Enter(d, parents); err != nil {
			if errors.Is(err, ErrSkip) {
				return nil
			}
			return err
		}
	}
	if isDocument {
		return v.document(d, parents)
	}
	return v.leave(d, nil)
}

func (v *visit) document(d oci.Descriptor, parents []Document) error {
	kind := "manifest"
	if oci.IsIndex(d.MediaType) {
		kind = "index"
	}
	data, err := ReadAll(v.ctx, v.Source, d)
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	children, err := Children(d.MediaType, data)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, d.Digest, err)
	}
	document := Document{d, data}
	if v.children != nil {
		if err := v.children(document, children); err != nil {
			return err
		}
	}
	parents = append(parents[:len(parents):len(parents)], document) // a copy: Enter may keep the parents
	for _, child := range children {
		if err := v.blob(child, parents); err != nil {
			return err
		}
	}
	return v.leave(d, data)
}

func (v *visit) leave(d oci.Descriptor, data []byte) error {
	if v.Leave == nil {
		return nil
	}
	return v.Leave(d, data)
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
