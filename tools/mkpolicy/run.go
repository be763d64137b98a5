package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/expect/policy"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkpolicy",
	Summary: "check that an image keeps the rules of a policy",
	Details: `
Rules about files apply to the layers with a --listing, and those about licenses to the layers with --packages, too. A policy with
such rules has the rule unseen_layers as well: each layer has a --listing. Layers of the image without a --layer are those of an
imported base.`,
	Required: []string{"policy", "target", "config", "manifest", "output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	policy, target, config, manifest, output string

	layers, listings, packages cli.Strings
}

func newWork(flags *flag.FlagSet) cli.Work {
	var r request
	flags.StringVar(&r.policy, "policy", "", "`file` with the policy")
	flags.StringVar(&r.target, "target", "", "`label` of the image")
	flags.StringVar(&r.config, "config", "", "`file` with its config")
	flags.StringVar(&r.manifest, "manifest", "", "`file` with its manifest")
	flags.Var(&r.layers, "layer", "`label=file`: the target of a layer, and its descriptor, as mklayer writes it")
	flags.Var(&r.listings, "listing", "`file` of mklisting with the entries of layers")
	flags.Var(&r.packages, "packages", "`file` of mklisting with the metadata of packages in layers")
	flags.StringVar(&r.output, "output", "", "`file` to write if there is no violation")
	return func(context.Context, cli.Streams) error { return r.run() }
}

func (r *request) run() error {
	data, err := wire.ReadDocument(r.policy)
	if err != nil {
		return err
	}
	p, err := policy.Parse(data)
	if err != nil {
		return fmt.Errorf("policy %s: %w", p.Name, err)
	}
	image, summary, err := r.image(p)
	if err != nil {
		return err
	}
	violations, err := p.Check(image)
	if err != nil {
		return err
	}
	if len(violations) > 0 {
		return r.explain(p, violations)
	}
	return atomicfile.Write(r.output, []byte(summary))
}

// image reads the image. The text that it also returns says how complete the files are.
func (r *request) image(p *policy.Policy) (*policy.Image, string, error) {
	var manifest oci.Manifest
	data, err := wire.ReadDocument(r.manifest)
	if err == nil {
		err = oci.Unmarshal(data, &manifest)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", r.manifest, err)
	}
	image := &policy.Image{Target: r.target}
	if data, err = wire.ReadDocument(r.config); err == nil {
		image.Config, err = policy.ParseConfig(data)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", r.config, err)
	}
	labels, err := r.describe(image, manifest.Layers)
	if err != nil || !p.NeedFiles() && !p.NeedPackages() {
		return image, "documents\n", err
	}
	if image.Listings, err = listing.Open(r.listings...); err != nil {
		return nil, "", err
	}
	if p.NeedFiles() {
		merged, err := image.Listings.MergeKnown(manifest.Layers)
		if err != nil {
			return nil, "", err
		}
		image.Files = merged.FileSystem
	}
	if p.NeedPackages() {
		if err := r.findPackages(image, manifest.Layers, labels); err != nil {
			return nil, "", err
		}
	}
	missing := len(image.Listings.Missing(manifest.Layers))
	summary := fmt.Sprintf("documents, files of %d of %d layers\n", len(manifest.Layers)-missing, len(manifest.Layers))
	if p.NeedPackages() {
		for _, reason := range image.Packages.Incomplete {
			summary += "packages: " + reason + "\n"
		}
	}
	return image, summary, nil
}

// describe sets the layers, with what their descriptors state, and returns their targets.
func (r *request) describe(image *policy.Image, layers []oci.Descriptor) (map[digest.Digest][]string, error) {
	labels := make(map[digest.Digest][]string)
	known := make(map[digest.Digest]policy.Layer)
	for _, value := range r.layers {
		label, path, err := cli.SplitPair(value)
		if err != nil {
			return nil, cli.Usage("--layer: %w", err)
		}
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return nil, err
		}
		known[layer.Digest] = policy.Layer{Digest: layer.Digest, Built: len(layer.Sources) == 0, Sources: layer.Sources}
		if !slices.Contains(labels[layer.Digest], label) {
			labels[layer.Digest] = append(labels[layer.Digest], label)
		}
	}
	image.Layers = make([]policy.Layer, len(layers))
	for i, d := range layers {
		image.Layers[i] = known[d.Digest]
		image.Layers[i].Digest = d.Digest
	}
	return labels, nil
}

// findPackages sets the packages of the layers that are known.
func (r *request) findPackages(image *policy.Image, layers []oci.Descriptor, labels map[digest.Digest][]string) error {
	root := &outline.Node{Kind: outline.Image}
	for _, d := range layers {
		root.Layers = append(root.Layers, outline.Layer{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size})
	}
	in := sbom.Inputs{
		Root: root, Label: r.target, Labels: labels, Listings: image.Listings, Packages: make(map[digest.Digest]packages.Layer),
	}
	for _, path := range r.packages {
		found, err := packages.Read(path)
		if err != nil {
			return err
		}
		for _, l := range found {
			in.Packages[l.Digest] = l
		}
	}
	var err error
	image.Packages, err = sbom.New(in)
	return err
}

// explain returns the error for violations.
func (r *request) explain(p *policy.Policy, violations []policy.Violation) error {
	lines := []string{fmt.Sprintf("%s violates the policy %s:", r.target, p.Name)}
	for _, v := range violations {
		lines = append(lines, fmt.Sprintf("  %s: %s", v.Rule, v.Text))
	}
	what := cmp.Or(violations[0].Exceptions, "the path or the target")
	return cli.Hint(fmt.Errorf("%s", strings.Join(lines, "\n")),
		"for an exception, add %s to the attribute allow of %s: allow = {%q: [%q]}", what, p.Name, violations[0].Rule,
		cmp.Or(violations[0].Exception, r.target))
}
