package main

import (
	"context"
	"flag"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/conda"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// output holds the flags that state where a layer goes, and in which form.
type output struct {
	prefix      string
	compression string
	level       int
	blob        string
	descriptor  string
	shape       string
}

func (o *output) declare(flags *flag.FlagSet) {
	flags.StringVar(&o.prefix, "prefix", "", "absolute `path` of the environment in the image")
	flags.StringVar(&o.compression, "compression", string(oci.Gzip), "`codec` of the layer: gzip, zstd or none")
	flags.IntVar(&o.level, "level", 0, "compression `level`: gzip 1-9, zstd 1-19, 0 for the default (gzip 6, zstd 3)")
	flags.StringVar(&o.blob, "output", "", "`file` to write the blob to")
	flags.StringVar(&o.descriptor, "descriptor", "", "`file` to write the layer's descriptor to")
	flags.StringVar(&o.shape, "shape", "", "`file` to write the layer's shape to: its directories and symlinks")
}

// check returns how to pack the layer.
func (o *output) check() (layer.Packing, error) {
	if err := conda.CheckPrefix(o.prefix); err != nil {
		return layer.Packing{}, cli.Usage("--prefix=%w", err)
	}
	format, err := compress.Parse(oci.Compression(o.compression), o.level)
	if err != nil {
		return layer.Packing{}, cli.Usage("%w", err)
	}
	return layer.Packing{Format: format}, nil
}

// write writes the layer with the entries, and with rest what belongs to it. No blob is left if it fails.
func (o *output) write(
	ctx context.Context, entries []*tree.Entry, packing layer.Packing, described wire.Layer, rest func() error,
) error {
	made, err := layer.Build(ctx, entries, o.blob, packing)
	if err != nil {
		return err
	}
	described.MediaType = made.Codec.MediaType()
	described.Digest, described.Size = made.Digest, made.Size
	described.DiffID, described.UncompressedSize = made.DiffID, made.UncompressedSize
	described.Programs = made.Programs
	if err = rest(); err == nil && o.shape != "" {
		err = shape.Of(entries, made.Interpreters).Write(o.shape)
	}
	if err == nil {
		err = wire.Write(o.descriptor, described)
	}
	if err != nil {
		os.Remove(o.blob) // a blob without a descriptor is an incomplete output
	}
	return err
}
