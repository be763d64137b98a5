package main

import (
	"context"
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
	Name:     "mkindex",
	Summary:  "write an image index",
	Required: []string{"output", "descriptor"},
	New:      newWork,
}

type options struct {
	images      cli.Strings
	annotations cli.Strings
	file        string // with annotations
	status      *stamp.Flags
	outputs     wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	flags.Var(&o.images, "image", "`file` with the descriptor of an image, an index or an artifact")
	flags.Var(&o.annotations, "annotation", "annotation of the index, as `key=value`")
	flags.StringVar(&o.file, "annotations-file", "",
		"`file` with annotations, as KEY=VALUE lines or a JSON object; --annotation takes precedence")
	o.status = stamp.Declare(flags)
	flags.StringVar(&o.outputs.Document, "output", "", "`file` to write the index to")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "`file` to write its descriptor to")
	flags.StringVar(&o.outputs.Digest, "digest", "", "`file` to write its digest to")
	return func(context.Context, cli.Streams) error {
		return o.run()
	}
}

func (o *options) run() error {
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
