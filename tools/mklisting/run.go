package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/layerflags"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/packages"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
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
	layers   *layerflags.Flags
	output   string
	packages string
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{layers: layerflags.Declare(flags)}
	flags.StringVar(&r.output, "output", "", "`file` to write the listings to")
	flags.StringVar(&r.packages, "packages", "", "`file` to write the metadata of packages in the layers to")
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
	var found []packages.Layer
	for _, layer := range layers {
		scanner := packages.Scanner{Scratch: filepath.Dir(r.output)}
		if err := add(ctx, out, layer, r.look(&scanner)); err != nil {
			return fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
		found = append(found, packages.Layer{Digest: layer.Digest, DiffID: layer.DiffID, Files: scanner.Files()})
	}
	if r.packages != "" {
		if err := packages.Write(r.packages, found); err != nil {
			return err
		}
	}
	return out.Commit()
}

// look returns the function that passes the files of a layer to a scanner, or nil if nobody wants packages.
func (r *request) look(scanner *packages.Scanner) listing.Look {
	if r.packages == "" {
		return nil
	}
	return func(e listing.Entry, content io.Reader) error {
		if e.Type != listing.TypeName(tree.File) {
			return nil
		}
		return scanner.Add(e.Path, e.Size, content)
	}
}

// add adds the listing of a layer.
func add(ctx context.Context, out *listing.File, layer layerflags.Layer, look listing.Look) error {
	if _, err := oci.LayerCompression(layer.MediaType); err != nil {
		return err
	}
	blob, err := layer.Source.Open(ctx, layer.Descriptor)
	if err != nil {
		return err
	}
	defer blob.Close()
	return out.Add(ctx, blob, listing.Header{DiffID: layer.DiffID, Digest: layer.Digest, Size: layer.Size}, look)
}
