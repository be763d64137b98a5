package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mklisting",
	Summary: "list the entries of layers",
	Details: `
The layers are those of --layer, or those of a --manifest whose blobs are in --blobs: layers that the directory does not have are
left out.`,
	Required: []string{"output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	flags    *flag.FlagSet
	layers   cli.Strings
	manifest string
	config   string
	blobs    string
	output   string
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{flags: flags}
	flags.Var(&r.layers, "layer", "`descriptor=blob`, two files, the first as mklayer writes it")
	flags.StringVar(&r.manifest, "manifest", "", "`file` with the manifest of an image")
	flags.StringVar(&r.config, "config", "", "`file` with its config")
	flags.StringVar(&r.blobs, "blobs", "", "`directory` with its layers as sha256/HEX")
	flags.StringVar(&r.output, "output", "", "`file` to write the listings to")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

// input is a layer to list.
type input struct {
	want       listing.Header
	descriptor oci.Descriptor
	source     content.Source
}

func (r *request) run(ctx context.Context) error {
	var inputs []input
	var err error
	switch {
	case len(r.layers) > 0 && r.manifest != "":
		return cli.Usage("--layer, --manifest: only one of them is allowed")
	case len(r.layers) > 0:
		inputs, err = r.single()
	case r.manifest != "":
		inputs, err = r.image(ctx)
	default:
		return cli.Usage("--layer or --manifest is missing")
	}
	if err != nil {
		return err
	}
	return write(ctx, r.output, inputs)
}

// single returns the layers of --layer.
func (r *request) single() ([]input, error) {
	var inputs []input
	for _, pair := range r.layers {
		descriptor, blob, err := cli.SplitPair(pair)
		if err != nil {
			return nil, cli.Usage("--layer: %w", err)
		}
		layer, err := wire.ReadLayer(descriptor)
		if err != nil {
			return nil, err
		}
		files := new(content.Files)
		files.Add(layer.Digest, blob)
		inputs = append(inputs, newInput(layer.Descriptor(), layer.DiffID, files))
	}
	return inputs, nil
}

// image returns the layers of the image that --blobs has.
func (r *request) image(ctx context.Context) ([]input, error) {
	if err := cli.Require(r.flags, "config", "blobs"); err != nil {
		return nil, err
	}
	var manifest oci.Manifest
	var config struct {
		RootFS oci.RootFS `json:"rootfs"`
	}
	for _, document := range []struct {
		path string
		v    any
	}{{r.manifest, &manifest}, {r.config, &config}} {
		data, err := wire.ReadDocument(document.path)
		if err == nil {
			err = oci.Unmarshal(data, document.v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", document.path, err)
		}
	}
	if n := len(config.RootFS.DiffIDs); n != len(manifest.Layers) {
		return nil, fmt.Errorf("%s: %d diff_ids, but %s has %d layers", r.config, n, r.manifest, len(manifest.Layers))
	}
	files := new(content.Files)
	files.AddDirectory(r.blobs)
	var inputs []input
	for i, d := range manifest.Layers {
		if err := oci.CheckDescriptor(d); err != nil {
			return nil, fmt.Errorf("%s: layer %d: %w", r.manifest, i+1, err)
		}
		blob, err := files.Open(ctx, d)
		if errors.Is(err, content.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		blob.Close()
		inputs = append(inputs, newInput(d, config.RootFS.DiffIDs[i], files))
	}
	return inputs, nil
}

func newInput(d oci.Descriptor, diffID digest.Digest, source content.Source) input {
	return input{listing.Header{DiffID: diffID, Digest: d.Digest, Size: d.Size}, d, source}
}

// write writes the listings of layers, each once.
func write(ctx context.Context, path string, inputs []input) error {
	out, err := listing.Create(path)
	if err != nil {
		return err
	}
	defer out.Abort()
	written := make(map[digest.Digest]bool)
	for _, in := range inputs {
		if written[in.want.Digest] {
			continue
		}
		written[in.want.Digest] = true
		if err := in.add(ctx, out); err != nil {
			return fmt.Errorf("layer %s: %w", in.want.Digest, err)
		}
	}
	return out.Commit()
}

func (in *input) add(ctx context.Context, out *listing.File) error {
	if _, err := oci.LayerCompression(in.descriptor.MediaType); err != nil {
		return err
	}
	blob, err := in.source.Open(ctx, in.descriptor)
	if err != nil {
		return err
	}
	defer blob.Close()
	return out.Add(ctx, blob, in.want, nil)
}
