package main

import (
	"context"
	"errors"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/documentflags"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mkmanifest",
	Summary:  "write the manifest of an image or an artifact",
	Required: []string{"output", "descriptor"},
	New:      newWork,
}

type options struct {
	config, base string
	artifact     artifactFlags
	layers       cli.Strings
	document     *documentflags.Flags
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.StringVar(&o.config, "config", "", "`file` with the descriptor of the config, as mkconfig or mkblob writes it")
	flags.StringVar(&o.base, "base-manifest", "", "`file` with the manifest of the base image")
	flags.Var(&o.layers, "layer", "`file` with the descriptor of a layer, bottom layer first, or of a file of an artifact")
	o.artifact.declare(flags)
	o.document = documentflags.Declare(flags, "manifest")
	return func(context.Context, cli.Streams) error {
		annotations, err := o.document.Annotations()
		if err != nil {
			return err
		}
		manifestOf := o.imageManifest
		if o.artifact.given() {
			manifestOf = o.artifactManifest
		} else if err := cli.Require(flags, "config"); err != nil {
			return err
		}
		manifest, err := manifestOf(annotations)
		if err != nil {
			return err
		}
		return o.document.Outputs.Write(manifest.Bytes, manifest.Descriptor)
	}
}

// imageManifest returns the manifest of an image.
func (o *options) imageManifest(annotations map[string]string) (image.Document, error) {
	config, err := wire.ReadDescriptor(o.config)
	if err != nil {
		return image.Document{}, err
	}
	var base []byte
	if o.base != "" {
		if base, err = wire.ReadDocument(o.base); err != nil {
			return image.Document{}, err
		}
	}
	var layers []oci.Descriptor
	for _, path := range o.layers {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return image.Document{}, err
		}
		layers = append(layers, layer.Descriptor())
	}
	manifest, err := image.Manifest(config, base, layers, annotations)
	if errors.Is(err, image.ErrTooManyLayers) {
		err = cli.Hint(err, "put the files of several layers into one")
	}
	return manifest, err
}
