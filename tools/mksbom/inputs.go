package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// declare adds the value of a --declared.
func (r *request) declare(value string) error {
	var d sbom.Declared
	if err := oci.Unmarshal([]byte(value), &d); err != nil {
		return err
	}
	d.Layer, d.Label = origins.Short(d.Layer), origins.Short(d.Label)
	r.declared = append(r.declared, d)
	return nil
}

// inputs reads the files of the flags.
func (r *request) inputs(ctx context.Context) (in sbom.Inputs, err error) {
	documents := new(content.Files)
	for _, path := range r.documents {
		if err := documents.AddDocument(path); err != nil {
			return in, err
		}
	}
	if in.Label, in.Root, err = r.outline(ctx, "image", r.image, documents); err != nil {
		return in, err
	}
	stacks, err := r.stacks(ctx)
	if err != nil {
		return in, err
	}
	in.Origin = stacks.origin
	sources, err := r.readLayers(&in, stacks)
	if err != nil {
		return in, err
	}
	for _, value := range r.bases {
		label, base, err := r.outline(ctx, "base", value, documents)
		if err != nil {
			return in, err
		}
		in.Bases = append(in.Bases, newBase(label, base, sources, stacks))
	}
	in.Packages = make(map[digest.Digest]packages.Layer)
	for _, path := range r.packages {
		layers, err := packages.Read(path)
		if err != nil {
			return in, err
		}
		for _, l := range layers {
			in.Packages[l.Digest] = l
		}
	}
	in.Declared = r.declared
	in.Listings, err = listing.Open(r.listings...)
	return in, err
}

// outline returns the label and the documents of an image that a flag names.
func (r *request) outline(ctx context.Context, flag, value string, documents content.Source) (string, *outline.Node, error) {
	label, path, err := cli.SplitPair(value)
	if err != nil {
		return "", nil, cli.Usage("--%s: %w", flag, err)
	}
	d, err := wire.ReadDescriptor(path)
	if err != nil {
		return "", nil, err
	}
	node, err := outline.Of(ctx, documents, d)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	if node.Kind == outline.Artifact || node.Missing {
		return "", nil, fmt.Errorf("%s: not the descriptor of an image or an index of --document", path)
	}
	return origins.Short(label), node, nil
}

// readLayers sets the labels of layers. It returns the repository of each layer that is in a registry.
func (r *request) readLayers(in *sbom.Inputs, stacks stacks) (sources map[digest.Digest]string, err error) {
	in.Labels = make(map[digest.Digest][]string)
	sources = make(map[digest.Digest]string)
	for _, value := range r.layers {
		label, path, err := cli.SplitPair(value)
		if err != nil {
			return nil, cli.Usage("--layer: %w", err)
		}
		l, err := wire.ReadLayer(path)
		if err != nil {
			return nil, err
		}
		in.AddLabel(l.Digest, cmp.Or(stacks.label(l.Digest), origins.Short(label)))
		if len(l.Sources) > 0 {
			sources[l.Digest] = l.Sources[0]
		}
	}
	return sources, nil
}

func newBase(label string, n *outline.Node, sources map[digest.Digest]string, stacks stacks) sbom.Base {
	base := sbom.Base{Label: label, Digest: n.Digest}
	for i, l := range n.Layers {
		base.Layers = append(base.Layers, l.Digest)
		if i == 0 {
			base.Repository = sources[l.Digest]
		} else if sources[l.Digest] != base.Repository { // an image on another base
			base.Repository = ""
		}
	}
	if base.Repository != "" { // a locked base
		base.Label = cmp.Or(stacks.label(base.Layers[0]), base.Label)
	}
	return base
}
