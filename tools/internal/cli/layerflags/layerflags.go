// Package layerflags is the flags by which a tool gets the layers that it reads: one of a build, or those of an image that
// are in a directory.
package layerflags

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

// Flags are the values of the flags.
type Flags struct {
	set      *flag.FlagSet
	layers   cli.Strings
	manifest string
	config   string
	blobs    string
}

// Layer is a layer to read.
type Layer struct {
	oci.Descriptor
	// DiffID is the digest that the uncompressed layer must have.
	DiffID digest.Digest
	// Built reports that the build made the layer: it is neither a base's nor a kept archive.
	Built bool
	// Source has the blob.
	Source content.Source
}

// Declare declares --layer, --manifest, --config and --blobs.
func Declare(set *flag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.Var(&f.layers, "layer", "`descriptor=blob`, two files, the first as mklayer writes it")
	set.StringVar(&f.manifest, "manifest", "", "`file` with the manifest of an image")
	set.StringVar(&f.config, "config", "", "`file` with its config")
	set.StringVar(&f.blobs, "blobs", "", "`directory` with its layers as sha256/HEX, or DIRECTORY=SOURCE: one that mkimport wrote, and its\n"+
		"source")
	return f
}

// Details explains the flags in the help of a tool.
const Details = `
The layers are those of --layer, or those of a --manifest whose blobs are in --blobs: layers that the directory does not have are
left out.`

// Layers returns the layers, each once.
func (f *Flags) Layers(ctx context.Context) ([]Layer, error) {
	var all []Layer
	var err error
	switch {
	case len(f.layers) > 0 && f.manifest != "":
		return nil, cli.Usage("--layer, --manifest: only one of them is allowed")
	case len(f.layers) > 0:
		all, err = f.stated()
	case f.manifest != "":
		all, err = f.image(ctx)
	default:
		return nil, cli.Usage("--layer or --manifest is missing")
	}
	if err != nil {
		return nil, err
	}
	var distinct []Layer
	met := make(map[digest.Digest]bool)
	for _, layer := range all {
		if !met[layer.Digest] {
			met[layer.Digest] = true
			distinct = append(distinct, layer)
		}
	}
	return distinct, nil
}

// stated returns the layers of --layer.
func (f *Flags) stated() ([]Layer, error) {
	var all []Layer
	for _, pair := range f.layers {
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
		built := len(layer.Sources) == 0 && !layer.Kept
		all = append(all, Layer{layer.Descriptor(), layer.DiffID, built, files})
	}
	return all, nil
}

// image returns the layers of --manifest.
func (f *Flags) image(ctx context.Context) ([]Layer, error) {
	if err := cli.Require(f.set, "config", "blobs"); err != nil {
		return nil, err
	}
	var manifest oci.Manifest
	var config struct {
		RootFS oci.RootFS `json:"rootfs"`
	}
	for _, document := range []struct {
		path string
		v    any
	}{{f.manifest, &manifest}, {f.config, &config}} {
		data, err := wire.ReadDocument(document.path)
		if err == nil {
			err = oci.Unmarshal(data, document.v)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", document.path, err)
		}
	}
	if n := len(config.RootFS.DiffIDs); n != len(manifest.Layers) {
		return nil, fmt.Errorf("%s: %d diff_ids, but %s has %d layers", f.config, n, f.manifest, len(manifest.Layers))
	}
	files := new(content.Files)
	if err := imageflags.AddBlobs(files, f.blobs); err != nil {
		return nil, err
	}
	var all []Layer
	for i, d := range manifest.Layers {
		if err := oci.CheckDescriptor(d); err != nil {
			return nil, fmt.Errorf("%s: layer %d: %w", f.manifest, i+1, err)
		}
		blob, err := files.Open(ctx, d)
		if errors.Is(err, content.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		blob.Close()
		all = append(all, Layer{Descriptor: d, DiffID: config.RootFS.DiffIDs[i], Source: files})
	}
	return all, nil
}
