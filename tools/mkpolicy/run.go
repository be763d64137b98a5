package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/expect/policy"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkpolicy",
	Summary: "check that an image keeps the rules of a policy",
	Details: `
Rules about files apply to the layers with a --listing. Layers of the image without a --layer are those of an imported base.`,
	Required: []string{"policy", "target", "config", "manifest", "output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	policy, target, config, manifest, output string

	layers, listings cli.Strings
}

func newWork(flags *flag.FlagSet) cli.Work {
	var r request
	flags.StringVar(&r.policy, "policy", "", "`file` with the policy")
	flags.StringVar(&r.target, "target", "", "`label` of the image")
	flags.StringVar(&r.config, "config", "", "`file` with its config")
	flags.StringVar(&r.manifest, "manifest", "", "`file` with its manifest")
	flags.Var(&r.layers, "layer", "`file` with the descriptor of a layer, as mklayer writes it")
	flags.Var(&r.listings, "listing", "`file` of mklisting with the entries of layers")
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
	image, summary, err := r.image(p.NeedFiles())
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
func (r *request) image(files bool) (*policy.Image, string, error) {
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
	if image.Layers, err = r.describe(manifest.Layers); err != nil || !files {
		return image, "documents\n", err
	}
	if image.Listings, err = listing.Open(r.listings...); err != nil {
		return nil, "", err
	}
	merged, err := image.Listings.MergeKnown(manifest.Layers)
	if err != nil {
		return nil, "", err
	}
	image.Files = merged.FileSystem
	missing := len(image.Listings.Missing(manifest.Layers))
	return image, fmt.Sprintf("documents, files of %d of %d layers\n", len(manifest.Layers)-missing, len(manifest.Layers)), nil
}

// describe returns the layers of a manifest with what their descriptors state.
func (r *request) describe(layers []oci.Descriptor) ([]policy.Layer, error) {
	known := make(map[digest.Digest]policy.Layer)
	for _, path := range r.layers {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return nil, err
		}
		known[layer.Digest] = policy.Layer{Digest: layer.Digest, Built: len(layer.Sources) == 0, Sources: layer.Sources}
	}
	all := make([]policy.Layer, len(layers))
	for i, d := range layers {
		all[i] = known[d.Digest]
		all[i].Digest = d.Digest
	}
	return all, nil
}

// explain returns the error for violations.
func (r *request) explain(p *policy.Policy, violations []policy.Violation) error {
	lines := []string{fmt.Sprintf("%s violates the policy %s:", r.target, p.Name)}
	for _, v := range violations {
		lines = append(lines, fmt.Sprintf("  %s: %s", v.Rule, v.Text))
	}
	return cli.Hint(fmt.Errorf("%s", strings.Join(lines, "\n")),
		"for an exception, add the path or the target to the attribute allow of %s: allow = {%q: [%q]}", p.Name,
		violations[0].Rule, r.target)
}
