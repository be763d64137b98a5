package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/layerflags"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

var command = cli.Command{
	Name:     "mklisting",
	Summary:  "list the entries of layers",
	Details:  layerflags.Details,
	Required: []string{"output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	layers *layerflags.Flags
	output string
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{layers: layerflags.Declare(flags)}
	flags.StringVar(&r.output, "output", "", "`file` to write the listings to")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

func (r *request) run(ctx context.Context) error {
	layers, err := r.layers.Layers(ctx)
	if err != nil {
		return err
	}
	out, err := listing.Create(r.output)
	if err != nil {
		return err
	}
	defer out.Abort()
	for _, layer := range layers {
		if err := add(ctx, out, layer); err != nil {
			return fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
	}
	return out.Commit()
}

// add adds the listing of a layer.
func add(ctx context.Context, out *listing.File, layer layerflags.Layer) error {
	if _, err := oci.LayerCompression(layer.MediaType); err != nil {
		return err
	}
	blob, err := layer.Source.Open(ctx, layer.Descriptor)
	if err != nil {
		return err
	}
	defer blob.Close()
	return out.Add(ctx, blob, listing.Header{DiffID: layer.DiffID, Digest: layer.Digest, Size: layer.Size}, nil)
}
