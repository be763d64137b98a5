// Package outline describes what an image or an index consists of: a tree of its index, manifests, configs and layers.
//
// Only documents are read, no layers. A blob that its place does not have is part of the outline, marked as missing, because
// an index often lists images that a place does not have.
//
// Non-goals: the contents of layers (package rootfs), judging the image (package check).
package outline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Kind is the kind of a node.
type Kind string

// The kinds. Artifact is a manifest or another blob that is not a container image, such as a signature.
const (
	Index    Kind = "index"
	Image    Kind = "image"
	Artifact Kind = "artifact"
)

// Node is an index, an image or an artifact.
type Node struct {
	Kind        Kind              `json:"kind"`
	Names       []string          `json:"names,omitempty"` // that its place gives it
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int64             `json:"size"`
	Platform    string            `json:"platform,omitempty"` // of an image, or what its descriptor states
	Annotations map[string]string `json:"annotations,omitempty"`
	// Missing is set if the place does not have the document.
	Missing bool `json:"missing,omitempty"`
	// Children are those of an index.
	Children []*Node `json:"children,omitempty"`
	// Config and Layers are those of an image; of an artifact, Layers are its blobs.
	Config *Config `json:"config,omitempty"`
	Layers []Layer `json:"layers,omitempty"`
}

// Config is the config of an image.
type Config struct {
	MediaType string        `json:"mediaType"`
	Digest    digest.Digest `json:"digest"`
	Size      int64         `json:"size"`
	Missing   bool          `json:"missing,omitempty"`
	// Document is the config itself, unchanged.
	Document json.RawMessage `json:"document,omitempty"`
}

// Layer is a layer of an image.
type Layer struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	DiffID      digest.Digest     `json:"diff_id,omitempty"`
	// CreatedBy and Comment are those of the layer's entry in the history.
	CreatedBy string `json:"created_by,omitempty"`
	Comment   string `json:"comment,omitempty"`
}

const (
	// maxDepth is how deep indexes may nest, as in package content.
	maxDepth = 8
	// maxNodes is how many documents an outline may have.
	maxNodes = 10_000
	// maxBytes is the size of all documents together.
	maxBytes = 256 << 20
)

// Of returns the outline of everything that root reaches.
func Of(ctx context.Context, src content.Source, root oci.Descriptor) (*Node, error) {
	return (&reader{ctx: ctx, src: src}).node(root, 0)
}

type reader struct {
	ctx   context.Context
	src   content.Source
	nodes int
	bytes int
}

// document returns the bytes of a document, or nil if the source does not have it.
func (r *reader) document(d oci.Descriptor) ([]byte, error) {
	data, err := content.ReadAll(r.ctx, r.src, d)
	if errors.Is(err, content.ErrNotFound) {
		return nil, nil
	}
	if r.bytes += len(data); r.bytes > maxBytes {
		return nil, fmt.Errorf("the documents have more than %d bytes", maxBytes)
	}
	return data, err
}

func (r *reader) node(d oci.Descriptor, depth int) (*Node, error) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, fmt.Errorf("more than %d documents", maxNodes)
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: indexes nest more than %d deep", d.Digest, maxDepth)
	}
	n := &Node{Kind: Artifact, MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, Annotations: d.Annotations}
	if d.Platform != nil {
		n.Platform = oci.FormatPlatform(*d.Platform)
	}
	if !oci.IsDocument(d.MediaType) {
		return n, nil
	}
	data, err := r.document(d)
	if err != nil {
		return nil, err
	}
	if data == nil {
		n.Missing = true
	}
	if oci.IsIndex(d.MediaType) {
		n.Kind = Index
		return n, r.index(n, data, depth)
	}
	n.Kind = Image
	return n, r.manifest(n, data)
}

func (r *reader) index(n *Node, data []byte, depth int) error {
	if data == nil {
		return nil
	}
	var index oci.Index
	if err := oci.Unmarshal(data, &index); err != nil {
		return fmt.Errorf("index %s: %w", n.Digest, err)
	}
	n.Annotations = index.Annotations
	for _, d := range index.Manifests {
		child, err := r.node(d, depth+1)
		if err != nil {
			return err
		}
		n.Children = append(n.Children, child)
	}
	return nil
}

func (r *reader) manifest(n *Node, data []byte) error {
	if data == nil {
		return nil
	}
	var manifest oci.Manifest
	if err := oci.Unmarshal(data, &manifest); err != nil {
		return fmt.Errorf("manifest %s: %w", n.Digest, err)
	}
	n.Annotations = manifest.Annotations
	for _, d := range manifest.Layers {
		n.Layers = append(n.Layers, Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, Annotations: d.Annotations})
	}
	c := manifest.Config
	n.Config = &Config{MediaType: c.MediaType, Digest: c.Digest, Size: c.Size}
	if oci.OCIMediaType(c.MediaType) != oci.MediaTypeConfig {
		n.Kind = Artifact
		return nil
	}
	text, err := r.document(c)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	if text == nil {
		n.Config.Missing = true
		return nil
	}
	return n.config(text)
}

// config fills in what only the config states.
func (n *Node) config(text []byte) error {
	var config struct {
		oci.ConfigPlatform
		RootFS  oci.RootFS    `json:"rootfs"`
		History []oci.History `json:"history"`
	}
	if err := oci.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("config %s: %w", n.Config.Digest, err)
	}
	n.Config.Document = text
	if p := config.Platform(); n.Platform == "" && p.OS != "" && p.Architecture != "" {
		n.Platform = oci.FormatPlatform(p)
	}
	for i := range min(len(n.Layers), len(config.RootFS.DiffIDs)) {
		n.Layers[i].DiffID = config.RootFS.DiffIDs[i]
	}
	layer := 0
	for _, entry := range config.History {
		if entry.EmptyLayer {
			continue
		}
		if layer < len(n.Layers) {
			n.Layers[layer].CreatedBy, n.Layers[layer].Comment = entry.CreatedBy, entry.Comment
		}
		layer++
	}
	return nil
}
