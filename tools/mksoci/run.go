package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:     "mksoci",
	Summary:  "add zTOCs to images, and write the index of both",
	Required: []string{"blobs", "output", "descriptor"},
	New:      newWork,
}

// pair is a descriptor and the file that it describes.
type pair struct{ descriptor, file string }

type options struct {
	images, made []pair
	ztocs        []pair
	index        string
	minLayerSize int64
	blobs        string
	outputs      wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	var o options
	pairs(flags, "image", "an image `DESCRIPTOR=MANIFEST`", &o.images)
	pairs(flags, "image-output", "files `DESCRIPTOR=MANIFEST` to write the images to, in the same order", &o.made)
	pairs(flags, "ztoc", "the descriptor of a layer and its zTOC, `DESCRIPTOR=ZTOC`, as mklayer writes them", &o.ztocs)
	flags.StringVar(&o.index, "index", "", "`file` with the index of the images (default: an index of them alone)")
	flags.Int64Var(&o.minLayerSize, "min-layer-size", 0, "leave out layers of fewer `bytes`")
	flags.StringVar(&o.blobs, "blobs", "", "`directory` for SOCI manifests, their config and zTOCs, as sha256/HEX; absent or empty")
	flags.StringVar(&o.outputs.Document, "output", "", "`file` to write the index to")
	flags.StringVar(&o.outputs.Descriptor, "descriptor", "", "`file` to write its descriptor to")
	flags.StringVar(&o.outputs.Digest, "digest", "", "`file` to write its digest to")
	return func(ctx context.Context, _ cli.Streams) error {
		if len(o.images) == 0 || len(o.images) != len(o.made) {
			return cli.Usage("%d --image and %d --image-output, expected at least one, and the same number of both",
				len(o.images), len(o.made))
		}
		return o.run(ctx)
	}
}

func pairs(flags *flag.FlagSet, name, usage string, to *[]pair) {
	cli.Each(flags, name, usage, func(text string) error {
		key, value, err := cli.SplitPair(text)
		*to = append(*to, pair{key, value})
		return err
	})
}

func (o *options) run(ctx context.Context) error {
	layers, err := o.readZTOCs()
	if err != nil {
		return err
	}
	directory, err := atomicfile.CreateDirectory(o.blobs)
	if err != nil {
		return err
	}
	defer directory.Abort()
	blobs, err := newStore(directory.Path)
	if err != nil {
		return err
	}
	maker := maker{layers: layers, blobs: blobs, minLayerSize: o.minLayerSize}
	var children []oci.Descriptor
	lazy := make(map[digest.Digest]image.LazyImage)
	var written []string
	for i, in := range o.images {
		d, err := wire.ReadDescriptor(in.descriptor)
		if err != nil {
			return err
		}
		children = append(children, d)
		manifest, err := wire.ReadDocument(in.file)
		if err != nil {
			return err
		}
		made, err := maker.image(ctx, d, manifest)
		if err != nil {
			return fmt.Errorf("%s: %w", in.file, err)
		}
		if made.SOCI.Bytes != nil {
			lazy[d.Digest] = made
		}
		out := wire.Outputs{Document: o.made[i].file, Descriptor: o.made[i].descriptor}
		written = append(written, out.Document, out.Descriptor)
		if err := out.Write(made.Image.Bytes, made.Image.Descriptor); err != nil {
			return removing(written, err)
		}
	}
	if err := o.writeIndex(children, lazy); err != nil {
		return removing(written, err)
	}
	if err := directory.Commit(); err != nil {
		return removing(append(written, o.outputs.Document, o.outputs.Descriptor, o.outputs.Digest), err)
	}
	return nil
}

// removing removes files, because the output is incomplete, and returns the error.
func removing(files []string, err error) error {
	for _, file := range files {
		if file != "" {
			os.Remove(file)
		}
	}
	return err
}

// readZTOCs returns the files of the zTOCs by the digests of the layers.
func (o *options) readZTOCs() (map[digest.Digest]string, error) {
	files := make(map[digest.Digest]string)
	for _, p := range o.ztocs {
		layer, err := wire.ReadLayer(p.descriptor)
		if err != nil {
			return nil, err
		}
		files[layer.Digest] = p.file
	}
	return files, nil
}

// writeIndex writes the index.
func (o *options) writeIndex(children []oci.Descriptor, lazy map[digest.Digest]image.LazyImage) error {
	var annotations map[string]string
	if o.index != "" {
		data, err := wire.ReadDocument(o.index)
		if err != nil {
			return err
		}
		if children, err = image.Entries(data); err != nil {
			return fmt.Errorf("%s: %w", o.index, err)
		}
		if annotations, err = image.IndexAnnotations(data); err != nil {
			return fmt.Errorf("%s: %w", o.index, err)
		}
	}
	index, err := image.LazyIndex(children, lazy, annotations)
	if err != nil {
		return err
	}
	return o.outputs.Write(index.Bytes, index.Descriptor)
}
