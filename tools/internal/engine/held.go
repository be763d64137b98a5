package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// annotationLayers lists the digests of an image's layers, with spaces between them. It is on the image's descriptor in
// the archive that an engine gets. Docker keeps it where containerd stores its images; nothing else tells which blobs
// such a Docker holds.
const annotationLayers = "dev.strata.layers"

// maxIDs is how many images an engine is asked about in one call: system limits bound the length of a command line.
const maxIDs = 300

// stack is the image that is to be loaded, as far as it matters to what an engine holds of it.
type stack struct {
	names  []string // by which the engine may know the image, or the one it replaces
	layers []oci.Descriptor
	diffs  []digest.Digest // of the layers
}

// stack reads the image's documents.
func (i Image) stack(ctx context.Context) (*stack, error) {
	var manifest oci.Manifest
	if err := i.document(ctx, i.Root, &manifest); err != nil {
		return nil, err
	}
	var config struct{ RootFS oci.RootFS }
	if err := i.document(ctx, manifest.Config, &config); err != nil {
		return nil, err
	}
	s := &stack{layers: manifest.Layers, diffs: config.RootFS.DiffIDs}
	if len(s.layers) != len(s.diffs) {
		return nil, fmt.Errorf("%s: %d layers, but %d diff ids", i.Root.Digest, len(s.layers), len(s.diffs))
	}
	for _, name := range i.Names {
		s.names = append(s.names, name.String())
	}
	// An image's id is the digest of its config, or of its manifest where containerd stores it.
	s.names = append(s.names, manifest.Config.Digest.String(), i.Root.Digest.String())
	return s, nil
}

func (i Image) document(ctx context.Context, d oci.Descriptor, v any) error {
	data, err := content.ReadAll(ctx, i.Source, d)
	if err != nil {
		return err
	}
	if err := oci.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", d.Digest, err)
	}
	return nil
}

// digests returns the layers' digests in one line.
func (s *stack) digests() string {
	all := make([]string, len(s.layers))
	for i, layer := range s.layers {
		all[i] = layer.Digest.String()
	}
	return strings.Join(all, " ")
}

// holding is what an engine holds.
type holding struct {
	// blobs are layers that it holds as they are packed.
	blobs map[digest.Digest]bool
	// depth is how many of the stack's layers, from the lowest on, it holds unpacked and in this order.
	depth int
}

// omit returns the blobs that need not be sent. Of a layer that comes twice the upper place counts: if the engine has no
// need of the blob there, it has none below.
func (h holding) omit(s *stack) map[digest.Digest]bool {
	omit := make(map[digest.Digest]bool)
	for i, layer := range s.layers {
		omit[layer.Digest] = i < h.depth || h.blobs[layer.Digest]
	}
	return omit
}

// complete reports whether the engine holds all of the stack.
func (h holding) complete(s *stack) bool {
	return !slices.ContainsFunc(s.layers[h.depth:], func(d oci.Descriptor) bool { return !h.blobs[d.Digest] })
}

// heldByImages asks Docker, Podman or nerdctl about the image that the new one replaces, and only if that does not have
// all layers about every other one.
func heldByImages(ctx context.Context, e *Engine, s *stack) holding {
	h := holding{blobs: make(map[digest.Digest]bool)}
	e.inspect(ctx, &h, s, s.names)
	if h.complete(s) {
		return h
	}
	ids := slices.Compact(slices.Sorted(slices.Values(
		strings.Fields(string(e.query(ctx, "image", "ls", "--all", "--quiet", "--no-trunc"))))))
	for some := range slices.Chunk(ids, maxIDs) {
		e.inspect(ctx, &h, s, some)
	}
	return h
}

// inspect adds to h what the engine's images have of the stack.
func (e *Engine) inspect(ctx context.Context, h *holding, s *stack, ids []string) {
	var images []struct {
		RootFS     struct{ Layers []digest.Digest }
		Descriptor *oci.Descriptor // only of Docker, where containerd stores its images
		Manifest   *oci.Manifest   // only of nerdctl
	}
	if json.Unmarshal(e.query(ctx, slices.Concat(e.kind.inspect, ids)...), &images) != nil {
		return
	}
	for _, image := range images {
		if image.Manifest != nil {
			for _, layer := range image.Manifest.Layers {
				h.blobs[layer.Digest] = true
			}
		}
		if image.Descriptor != nil {
			// Here the diff ids do not say enough: the engine holds blobs, and the same layer may be packed otherwise.
			for _, blob := range strings.Fields(image.Descriptor.Annotations[annotationLayers]) {
				h.blobs[digest.Digest(blob)] = true
			}
			continue
		}
		depth := 0
		for depth < min(len(s.diffs), len(image.RootFS.Layers)) && s.diffs[depth] == image.RootFS.Layers[depth] {
			depth++
		}
		h.depth = max(h.depth, depth)
	}
}

// heldByStore asks ctr for all blobs.
func heldByStore(ctx context.Context, e *Engine, _ *stack) holding {
	h := holding{blobs: make(map[digest.Digest]bool)}
	for line := range bytes.Lines(e.query(ctx, "content", "ls", "--quiet")) {
		h.blobs[digest.Digest(bytes.TrimSpace(line))] = true
	}
	return h
}

// query returns what the engine's program prints. A failure is not told: it is part of the answer that an image is not
// known, and the worst that comes of any other is that a layer travels which need not.
func (e *Engine) query(ctx context.Context, args ...string) []byte {
	cmd := e.command(ctx, args...)
	cmd.WaitDelay = graceTime
	answer, _ := cmd.Output()
	return answer
}
