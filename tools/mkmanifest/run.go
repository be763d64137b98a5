package main

import (
	"context"
	"errors"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkmanifest",
	Summary: "write the manifest of an image",
	New:     newWork,
}

type options struct {
	config, base string
	layers       cli.Strings
	annotations  cli.Strings
	outputs      wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.StringVar(&o.config, "config", "", "descriptor of the config, a `file`, as mkconfig writes it")
	flags.StringVar(&o.base, "base-manifest", "", "manifest of the base image, a `file`")
	flags.Var(&o.layers, "layer", "descriptor of a layer, a `file`; repeated, bottom layer first")
	flags.Var(&o.annotations, "annotation", "annotation of the manifest, `key=value`; repeated")
	flags.StringVar(&o.outputs.Document, "output", "", "where to write the manifest, a `file`")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "where to write its descriptor, a `file`")
	flags.StringVar(&o.outputs.Digest, "digest", "", "where to write its digest, a `file`")
	return func(context.Context, cli.Streams) error {
		if err := cli.Require(flags, "config", "output", "descriptor"); err != nil {
			return err
		}
		return o.run()
	}
}

func (o *options) run() error {
	annotations, err := cli.Pairs("annotation", o.annotations)
	if err != nil {
		return err
	}
	config, err := wire.ReadDescriptor(o.config)
	if err != nil {
		return err
	}
	var base []byte
	if o.base != "" {
		if base, err = wire.ReadDocument(o.base); err != nil {
			return err
		}
	}
	var layers []oci.Descriptor
	for _, path := range o.layers {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return err
		}
		layers = append(layers, layer.Descriptor())
	}
	manifest, err := image.Manifest(config, base, layers, annotations)
	if errors.Is(err, image.ErrTooManyLayers) {
		return cli.Hint(err, "put the files of several layers into one")
	}
	if err != nil {
		return err
	}
	return o.outputs.Write(manifest.Bytes, manifest.Descriptor)
}
