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

// annotationLayers lists the digests of an image's layers, separated by spaces. It is on the image's descriptor in the
// archive that an engine gets. Docker with containerd's image store keeps it, and nothing else shows which blobs it has.
const annotationLayers = "dev.strata.layers"

// maxIDs is the maximum number of images in one call: system limits bound the length of a command line.
const maxIDs = 300

// stack is the part of an image that decides which of its layers an engine has.
type stack struct {
	names  []string // that the engine may have for the image, or for the one it replaces
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
	// An image's id is the digest of its config, or with containerd's image store of its manifest.
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

// digests returns the layers' digests on one line.
func (s *stack) digests() string {
	all := make([]string, len(s.layers))
	for i, layer := range s.layers {
		all[i] = layer.Digest.String()
	}
	return strings.Join(all, " ")
}

// holding describes the layers that an engine has.
type holding struct {
	// blobs are layers that it has in packed form.
	blobs map[digest.Digest]bool
	// depth is how many of the stack's layers, from the lowest on, it has unpacked and in this order.
	depth int
}

// omit returns the blobs that need not be sent. If a layer occurs twice, its upper position decides: an engine that does
// not need the blob there does not need it below either.
func (h holding) omit(s *stack) map[digest.Digest]bool {
	omit := make(map[digest.Digest]bool)
	for i, layer := range s.layers {
		omit[layer.Digest] = i < h.depth || h.blobs[layer.Digest]
	}
	return omit
}

// complete reports whether the engine has the whole stack.
func (h holding) complete(s *stack) bool {
	return !slices.ContainsFunc(s.layers[h.depth:], func(d oci.Descriptor) bool { return !h.blobs[d.Digest] })
}

// heldByImages inspects the image that the new one replaces in Docker, Podman or nerdctl, and every other image only if
// that one does not have all layers.
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

// inspect adds to h the layers of the stack that the engine's images have.
func (e *Engine) inspect(ctx context.Context, h *holding, s *stack, ids []string) {
	var images []struct {
		RootFS     struct{ Layers []digest.Digest }
		Descriptor *oci.Descriptor // only from Docker with containerd's image store
		Manifest   *oci.Manifest   // only from nerdctl
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
			// The diff ids are not enough here: the engine stores blobs, and the same layer may be packed differently.
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

// heldByStore lists all blobs with ctr.
func heldByStore(ctx context.Context, e *Engine, _ *stack) holding {
	h := holding{blobs: make(map[digest.Digest]bool)}
	for line := range bytes.Lines(e.query(ctx, "content", "ls", "--quiet")) {
		h.blobs[digest.Digest(bytes.TrimSpace(line))] = true
	}
	return h
}

// query returns the output of the engine's program. It ignores failures: an unknown image is one, and the worst effect of
// any other is that a layer is sent unnecessarily.
func (e *Engine) query(ctx context.Context, args ...string) []byte {
	cmd := e.command(ctx, args...)
	cmd.WaitDelay = graceTime
	answer, _ := cmd.Output()
	return answer
}
