package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mkbase",
	Summary:  "check the documents of a locked base image and write its descriptors",
	Required: []string{"manifest", "config", "digest", "manifest-output", "config-output", "descriptor"},
	New:      newWork,
}

// settings are the values of the flags.
type settings struct {
	manifest, config, digest, mediaType string
	platform                            *oci.Platform
	osVersion                           string
	osFeatures, features                cli.Strings
	sources                             cli.Strings
	manifestOutput, configOutput        string
	descriptor, digestOutput            string
	layers                              cli.Strings
}

func newWork(flags *flag.FlagSet) cli.Work {
	var s settings
	flags.StringVar(&s.manifest, "manifest", "", "`file` with the manifest")
	flags.StringVar(&s.mediaType, "media-type", oci.MediaTypeManifest, "`media type` of the manifest")
	flags.StringVar(&s.config, "config", "", "`file` with the config")
	flags.StringVar(&s.digest, "digest", "", "`digest` that the manifest must have")
	cli.Each(flags, "platform", "`os/arch[/variant]` of the image", func(value string) error {
		p, err := oci.ParsePlatform(value)
		s.platform = &p
		return err
	})
	flags.StringVar(&s.osVersion, "os-version", "", "`version` of the operating system that the index states")
	flags.Var(&s.osFeatures, "os-feature", "`feature` of the operating system that the index states")
	flags.Var(&s.features, "feature", "`feature` of the processor that the index states")
	flags.Var(&s.sources, "source", "`registry/repository` with the layers, in order of preference")
	flags.StringVar(&s.manifestOutput, "manifest-output", "", "`file` to write the checked manifest to")
	flags.StringVar(&s.configOutput, "config-output", "", "`file` to write the checked config to")
	flags.StringVar(&s.descriptor, "descriptor", "", "`file` to write the image's descriptor to")
	flags.StringVar(&s.digestOutput, "digest-output", "", "`file` to write the digest to")
	flags.Var(&s.layers, "layer", "`file` to write the descriptor of the next layer to, lowest first")
	return func(context.Context, cli.Streams) error {
		return s.run()
	}
}

func (s *settings) run() error {
	var p lockfile.Platform
	for _, document := range []struct {
		path string
		into *lockfile.Text
	}{{s.manifest, &p.Manifest.Text}, {s.config, &p.Config.Text}} {
		data, err := wire.ReadDocument(document.path)
		if err != nil {
			return err
		}
		*document.into = data
	}
	want, err := digest.Parse(s.digest)
	if err != nil {
		return cli.Usage("--digest: %w", err)
	}
	p.Manifest.MediaType, p.Manifest.Digest = s.mediaType, want
	layers, err := p.Layers()
	if err != nil {
		return cli.Hint(err, "if the lock file is at fault, \"bazel run @rules_strata//rules:lock -- update\" repairs it")
	}
	if len(layers) != len(s.layers) {
		return fmt.Errorf("the manifest has %d layers, expected %d", len(layers), len(s.layers))
	}
	for n, layer := range layers {
		err := wire.Write(s.layers[n], wire.Layer{
			MediaType: layer.MediaType, Digest: layer.Digest, Size: layer.Size,
			Annotations: layer.Annotations, DiffID: layer.DiffID, Sources: s.sources, Base: want,
		})
		if err != nil {
			return err
		}
	}
	if err := atomicfile.Write(s.configOutput, p.Config.Text); err != nil {
		return err
	}
	d := p.Manifest.Descriptor()
	if s.platform != nil {
		config, err := p.ParseConfig()
		if err != nil {
			return err
		}
		stated := *s.platform
		stated.OSVersion, stated.OSFeatures, stated.Features = s.osVersion, s.osFeatures, s.features
		whole := oci.CompletePlatform(stated, config.Platform())
		d.Platform = &whole
	}
	outputs := wire.Outputs{Document: s.manifestOutput, Descriptor: s.descriptor, Digest: s.digestOutput}
	return outputs.Write(p.Manifest.Text, d)
}
