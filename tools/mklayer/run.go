package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/ztoc"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = newCommand(nil)

// newCommand returns the command. The cache of packed blocks may be nil.
func newCommand(cache *compress.Cache) cli.Command {
	return cli.Command{
		Name:    "mklayer",
		Summary: "write a layer and its descriptor from files, trees, archives, symlinks and directories",
		Details: `
KEY=VALUE: the key ends at the first "="; \= and \\ stand for "=" and a backslash in the key.
PATH is a path in the image. SRC and DIR are paths on disk; symlinks there are followed.
PATTERN is a PATH, or a glob with "*", "?", "[...]" and "**" (any number of directories). A mode pattern with glob
characters applies to files, or to directories if it ends in "/". If several patterns match, the last one wins.
A single --tar becomes the blob unchanged if no flag changes its contents, --level is not given, and --compression is not
given or names the archive's compression.`,
		Required: []string{"output", "descriptor"},
		New:      func(flags *flag.FlagSet) cli.Work { return newWork(flags, cache) },
	}
}

// request is a parsed command line.
type request struct {
	spec        inputs.Spec
	packing     packing
	annotations map[string]string
	mediaType   string // the layer's media type, or "" for the usual one
	output      string
	descriptor  string
	shape       string // where to write the layer's shape, or ""
	ztoc        string // where to write the layer's zTOC, or ""
	cache       *compress.Cache
}

func newWork(flags *flag.FlagSet, cache *compress.Cache) cli.Work {
	r := request{annotations: make(map[string]string), cache: cache}
	declareInputs(flags, &r.spec)
	declareSettings(flags, &r.spec)
	r.packing.declare(flags)
	pairs(flags, "annotation", "annotation `KEY=VALUE` of the descriptor", func(key, value string) error {
		if _, twice := r.annotations[key]; twice {
			return fmt.Errorf("duplicate annotation %q", key)
		}
		r.annotations[key] = value
		return nil
	})
	flags.StringVar(&r.mediaType, "media-type", "", "media `type` of the layer, one of image-spec's (default by compression)")
	flags.StringVar(&r.output, "output", "", "`file` to write the blob to")
	flags.StringVar(&r.descriptor, "descriptor", "", "`file` to write the layer's descriptor to")
	flags.StringVar(&r.shape, "shape", "", "`file` to write the layer's shape to: its directories and symlinks")
	flags.StringVar(&r.ztoc, "ztoc", "", "`file` to write the layer's zTOC to, with which SOCI reads files of a layer that is "+
		"not pulled; empty if the blob is not a gzip that mklayer packed")
	return func(ctx context.Context, _ cli.Streams) error {
		return r.run(ctx)
	}
}

func (r *request) run(ctx context.Context) error {
	packing, err := r.packing.parse(r.cache)
	if err != nil {
		return err
	}
	if _, ok := r.spec.Archive(); !ok {
		// Report the errors that can be detected before the work starts.
		if _, err := layerType(r.mediaType, packing.Codec); err != nil {
			return err
		}
	}
	packing.ZTOC = r.ztoc != ""
	made, err := layer.Make(ctx, &r.spec, r.output, packing)
	if err != nil {
		return hint(err)
	}
	if err := r.describe(made); err != nil {
		// A blob without a descriptor is an incomplete output.
		for _, path := range []string{r.output, r.shape, r.ztoc} {
			if path != "" {
				os.Remove(path)
			}
		}
		return err
	}
	return nil
}

// describe writes the shape, the zTOC and the descriptor.
func (r *request) describe(made layer.Result) error {
	if r.shape != "" {
		s := shape.Of(made.Entries, made.Interpreters)
		for path, names := range made.Accounts {
			s.Know(path, names)
		}
		if err := s.Write(r.shape); err != nil {
			return err
		}
	}
	if r.ztoc != "" {
		if err := writeZTOC(r.ztoc, made.ZTOC); err != nil {
			return err
		}
	}
	mediaType, err := layerType(r.mediaType, made.Codec)
	if err != nil {
		return err
	}
	return wire.Write(r.descriptor, wire.Layer{
		MediaType:        mediaType,
		Digest:           made.Digest,
		Size:             made.Size,
		Annotations:      r.annotations,
		DiffID:           made.DiffID,
		UncompressedSize: made.UncompressedSize,
		History:          &oci.History{CreatedBy: "rules_strata " + layer.Summary(made.Entries)},
		Programs:         made.Programs,
		Kept:             made.Kept,
		Packages:         packages(made.Packages),
	})
}

func packages(titles map[digest.Digest]string) []wire.Package {
	var all []wire.Package
	for _, sum := range slices.Sorted(maps.Keys(titles)) {
		all = append(all, wire.Package{Name: titles[sum], Digest: sum})
	}
	return all
}

// writeZTOC writes a zTOC, or an empty file if the table is nil.
func writeZTOC(path string, table *ztoc.Table) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	if table != nil {
		if err := table.Encode(file); err != nil {
			return err
		}
	}
	return file.Commit()
}

// layerType returns the media type of a layer packed with the codec: the requested one, if any.
func layerType(requested string, codec oci.Compression) (string, error) {
	usual := codec.MediaType()
	packed, err := oci.LayerCompression(requested)
	switch {
	case requested == "":
		return usual, nil
	case err != nil:
		return "", cli.Hint(cli.Usage("--media-type: %w", err), "the default for this layer is %s", usual)
	case requested != oci.OCIMediaType(requested):
		return "", cli.Hint(cli.Usage("--media-type: %s is Docker's", requested), "image-spec's is %s", oci.OCIMediaType(requested))
	case packed != codec:
		return "", cli.Hint(cli.Usage("--media-type: %s is for a layer with compression %s, this one has %s",
			requested, packed, codec), "state the compression, or another media type")
	}
	return requested, nil
}

// hint adds advice to errors that a user can fix.
func hint(err error) error {
	switch {
	case errors.Is(err, source.ErrDirectory):
		return cli.Hint(err, "--tree=PATH=DIR adds a directory")
	case errors.Is(err, source.ErrNowhere), errors.Is(err, source.ErrEndless):
		return cli.Hint(err, "symlinks in inputs are replaced by their targets; to put a symlink into the image, use symlinks or a tar")
	}
	return err
}
