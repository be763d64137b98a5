package main

import (
	"context"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// stacks are the stacks of layers that origins describe, by the digests of the layers.
type stacks map[digest.Digest]stacked

// stacked is a layer of a stack.
type stacked struct {
	stack *origins.Stack
	key   string
}

// stacks reads the file of --origins. The layers of imported bases are left out: the label of the base says all.
func (r *request) stacks(ctx context.Context) (stacks, error) {
	if r.origins == "" {
		return nil, nil
	}
	index, err := origins.ReadIndex(r.origins)
	if err != nil {
		return nil, err
	}
	all := make(stacks)
	for _, image := range index {
		stack, err := image.Open(ctx, "", filepath.Dir(r.output))
		if err != nil {
			return nil, err
		}
		for _, l := range stack.Layers {
			if l.Kind == origins.Import {
				continue
			}
			d, err := wire.ReadLayer(l.Key)
			if err != nil {
				return nil, err
			}
			all[d.Digest] = stacked{stack, l.Key}
		}
	}
	return all, nil
}

// label returns the target that makes a layer, or an empty string.
func (s stacks) label(layer digest.Digest) string {
	if l, ok := s[layer]; ok {
		return origins.Short(l.stack.Label(l.key))
	}
	return ""
}

// origin returns the target of a file of a layer, or an empty string.
func (s stacks) origin(layer digest.Digest, path string) string {
	l, ok := s[layer]
	if !ok {
		return ""
	}
	place, _ := l.stack.Origin(l.key, path)
	return origins.Short(place.Brought())
}
