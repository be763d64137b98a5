package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/source"
	"github.com/rules-strata/rules_strata/tools/internal/wire"
)

var command = newCommand(nil)

// newCommand returns the command with a cache of packed blocks, which may be nil.
func newCommand(cache *compress.Cache) cli.Command {
	return cli.Command{
		Name:    "mklayer",
		Summary: "makes a layer blob and its descriptor from files, trees, archives, symlinks and directories",
		Details: `
KEY=VALUE: the key ends at the first "="; \= \\ and \n stand for "=", a backslash and a line feed in the key.
PATH is a path in the image. SRC and DIR are paths on disk; a symlink that Bazel made is followed, others are kept.
PATTERN is a PATH, or a glob with "*", "?", "[...]" and "**" (any number of directories). A mode pattern with glob
characters applies to files, or to directories if it ends in "/". Of several patterns that match, the last one wins.
A single --tar with nothing that changes it, packed as --compression says, is the blob as it is.`,
		New: func(flags *flag.FlagSet) cli.Work { return newWork(flags, cache) },
	}
}

// request is a parsed command line.
type request struct {
	inputs      inputs
	keep        string // the archive that is the layer, or ""
	codec       string
	level       int
	format      compress.Format // codec and level
	annotations map[string]string
	output      string
	descriptor  string
	cache       *compress.Cache
}

func newWork(flags *flag.FlagSet, cache *compress.Cache) cli.Work {
	r := request{annotations: make(map[string]string), cache: cache}
	r.inputs.declare(flags)
	flags.StringVar(&r.codec, "compression", "", "`gzip`, zstd or none (default gzip, or that of an archive that is kept)")
	flags.IntVar(&r.level, "level", 0, "compression level `N`: gzip 1-9, zstd 1-19, 0 for the default (gzip 6, zstd 3)")
	cli.Each(flags, "annotation", "annotation `KEY=VALUE` of the descriptor (repeat)", func(value string) error {
		key, value, err := cli.SplitPair(value)
		if _, twice := r.annotations[key]; err == nil && twice {
			err = fmt.Errorf("annotation %q is there twice", key)
		}
		r.annotations[key] = value
		return err
	})
	flags.StringVar(&r.output, "output", "", "`file` to write the blob to")
	flags.StringVar(&r.descriptor, "descriptor", "", "`file` to write the layer's descriptor to")
	return func(ctx context.Context, _ cli.Streams) error {
		if err := cli.Require(flags, "output", "descriptor"); err != nil {
			return err
		}
		r.keep, _ = r.inputs.unchanged(flags)
		return r.run(ctx)
	}
}

func (r *request) run(ctx context.Context) error {
	var err error
	if r.format, err = compress.Parse(cmp.Or(r.codec, string(compress.Gzip)), r.level); err != nil {
		return cli.Usage("%w", err)
	}
	result, codec, err := r.build(ctx)
	if err != nil {
		return err
	}
	err = wire.Write(r.descriptor, wire.Layer{
		MediaType:        oci.Compression(codec).MediaType(),
		Digest:           result.Digest,
		Size:             result.Size,
		Annotations:      r.annotations,
		DiffID:           result.DiffID,
		UncompressedSize: result.UncompressedSize,
	})
	if err != nil {
		os.Remove(r.output) // a blob without a descriptor is half an output
	}
	return err
}

// hint adds advice to the errors that a user can do something about.
func hint(err error) error {
	if errors.Is(err, source.ErrDirectory) {
		return cli.Hint(err, "--tree=PATH=DIR adds a directory")
	}
	return err
}
