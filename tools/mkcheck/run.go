package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/layerflags"
)

var command = cli.Command{
	Name:     "mkcheck",
	Summary:  "check the blobs of layers, and write the violations to a file",
	Details:  layerflags.Details + ` Layers that the build did not make, as their descriptors say, are checked for integrity only.`,
	Required: []string{"output"},
	New:      newWork,
}

func newWork(flags *flag.FlagSet) cli.Work {
	input := layerflags.Declare(flags)
	output := flags.String("output", "", "`file` to write the results to")
	return func(ctx context.Context, _ cli.Streams) error {
		layers, err := input.Layers(ctx)
		if err != nil {
			return err
		}
		var results []check.LayerReport
		for _, layer := range layers {
			report, err := check.Layer(ctx, layer.Source, layer.Descriptor, !layer.Built)
			if err != nil {
				return fmt.Errorf("layer %s: %w", layer.Digest, err)
			}
			results = append(results, report)
		}
		data, err := check.FormatLayers(results)
		if err != nil {
			return err
		}
		return atomicfile.Write(*output, data)
	}
}
