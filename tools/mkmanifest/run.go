package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/pairs"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
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
	annotations  cli.Strings
	file         string // with annotations
	status       *stamp.Flags
	outputs      wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.StringVar(&o.config, "config", "", "`file` with the descriptor of the config, as mkconfig or mkblob writes it")
	flags.StringVar(&o.base, "base-manifest", "", "`file` with the manifest of the base image")
	flags.Var(&o.layers, "layer", "`file` with the descriptor of a layer, bottom layer first, or of a file of an artifact")
	o.artifact.declare(flags)
	flags.Var(&o.annotations, "annotation", "annotation of the manifest, as `key=value`")
	flags.StringVar(&o.file, "annotations-file", "",
		"`file` with annotations, as KEY=VALUE lines or a JSON object; --annotation takes precedence")
	o.status = stamp.Declare(flags)
	flags.StringVar(&o.outputs.Document, "output", "", "`file` to write the manifest to")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "`file` to write its descriptor to")
	flags.StringVar(&o.outputs.Digest, "digest", "", "`file` to write its digest to")
	return func(context.Context, cli.Streams) error {
		annotations, err := cli.Pairs("annotation", o.annotations)
		if err != nil {
			return err
		}
		if annotations, err = pairs.Add(annotations, o.file); err != nil {
			return err
		}
		scope, err := o.status.Scope()
		if err != nil {
			return err
		}
		if annotations, err = scope.ExpandAll(annotations); err != nil {
			return fmt.Errorf("annotations: %w", err)
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
		return o.outputs.Write(manifest.Bytes, manifest.Descriptor)
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
