package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkindex",
	Summary: "write an image index",
	New:     newWork,
}

type options struct {
	images      cli.Strings
	annotations cli.Strings
	outputs     wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.Var(&o.images, "image", "descriptor of an image, an index or an artifact, a `file`; repeated")
	flags.Var(&o.annotations, "annotation", "annotation of the index, `key=value`; repeated")
	flags.StringVar(&o.outputs.Document, "output", "", "where to write the index, a `file`")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "where to write its descriptor, a `file`")
	flags.StringVar(&o.outputs.Digest, "digest", "", "where to write its digest, a `file`")
	return func(context.Context, cli.Streams) error {
		if err := cli.Require(flags, "output", "descriptor"); err != nil {
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
	var children []oci.Descriptor
	for _, path := range o.images {
		child, err := wire.ReadDescriptor(path)
		if err != nil {
			return err
		}
		children = append(children, child)
	}
	index, err := image.Index(children, annotations)
	if err != nil {
		return err
	}
	return o.outputs.Write(index.Bytes, index.Descriptor)
}
