package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
)

var command = cli.Command{
	Name:     "mkimport",
	Summary:  "import an image from a layout or an archive of another program",
	Required: []string{"source"},
	Details: `
The source is an OCI image layout directory, an OCI archive, or a docker-archive, detected by content. Every digest and
size is verified; no byte is changed.`,
	New: newWork,
}

// outputs are the paths to write. An empty path means that the output is not requested.
type outputs struct{ manifest, config, index, descriptor, digest, blobs, indexBlobs, shape string }

func newWork(flags *flag.FlagSet) cli.Work {
	source := flags.String("source", "", "`path` of the layout directory or the archive")
	var choice importer.Choice
	cli.Each(flags, "platform", "`os/arch[/variant]` of the image to take", func(value string) error {
		p, err := oci.ParsePlatform(value)
		choice.Platform = &p
		return err
	})
	flags.StringVar(&choice.Name, "ref", "", "`name`, tag or digest of the image to take")
	var except []oci.Platform
	cli.Each(flags, "except", "`os/arch[/variant]` of an image of the index to leave out of --index-blobs; the index must have it",
		func(value string) error {
			p, err := oci.ParsePlatform(value)
			except = append(except, p)
			return err
		})
	var out outputs
	flags.StringVar(&out.manifest, "manifest", "", "`file` for the manifest")
	flags.StringVar(&out.config, "config", "", "`file` for the config")
	flags.StringVar(&out.index, "index", "", "`file` for the index, to import the index instead of an image")
	flags.StringVar(&out.descriptor, "descriptor", "", "`file` for the descriptor of the manifest or index")
	flags.StringVar(&out.digest, "digest", "", "`file` for the digest of the manifest or index")
	flags.StringVar(&out.blobs, "blobs", "", "`directory` for the layers or their places in the source, absent or empty")
	flags.StringVar(&out.indexBlobs, "index-blobs", "",
		"`directory` for all documents and layers that the index reaches, or their places; absent or empty")
	flags.StringVar(&out.shape, "shape", "", "`file` for the shape of the layers: their directories and symlinks")
	return func(ctx context.Context, _ cli.Streams) error {
		if out.shape != "" && out.blobs != "" {
			return cli.Usage("--shape and --blobs cannot be combined")
		}
		if out == (outputs{}) {
			return cli.Usage("one of --manifest, --config, --descriptor, --digest, --shape and --blobs is required")
		}
		if err := out.check(choice, except); err != nil {
			return err
		}
		store, err := importer.Open(ctx, *source, out.scratch())
		if err != nil {
			return err
		}
		defer store.Close()
		if out.isIndex() {
			return out.importIndex(ctx, store, choice.Name, except)
		}
		image, err := store.Choose(ctx, choice)
		var refusal *importer.ChoiceError
		if errors.As(err, &refusal) {
			return cli.Hint(err, "--platform and --ref choose an image")
		}
		if err == nil {
			err = out.write(ctx, image)
		}
		if errors.Is(err, content.ErrNotFound) {
			return cli.Hint(err, "the image is incomplete: pull all of it for its platform before exporting it, "+
				"or choose another image with --platform and --ref")
		}
		return err
	}
}

// scratch returns a directory for temporary files: that of an output, because an action may write nowhere else.
func (o outputs) scratch() string {
	return filepath.Dir(cmp.Or(o.descriptor, o.digest, o.manifest, o.config, o.index, o.shape, o.blobs, o.indexBlobs))
}

// write verifies the image's layers and writes the requested outputs. If it fails, none of them is left behind.
func (o outputs) write(ctx context.Context, image *importer.Image) error {
	var layers *shape.Shape
	var err error
	switch {
	case o.blobs != "":
		err = image.WriteLayers(ctx, o.blobs)
	case o.shape != "":
		layers, err = image.Shape(ctx)
	default:
		err = image.Verify(ctx)
	}
	if err != nil {
		return err
	}
	documents := map[string][]byte{o.manifest: image.Manifest, o.config: image.Config}
	if layers != nil {
		if documents[o.shape], err = layers.Marshal(); err != nil {
			return err
		}
	}
	return o.writeDocuments(image.Descriptor, documents)
}

// writeDocuments writes the requested small files. If it fails, it removes them, and the layers too.
func (o outputs) writeDocuments(d oci.Descriptor, documents map[string][]byte) error {
	descriptor, err := oci.Marshal(d)
	if err != nil {
		return err
	}
	documents[o.descriptor] = descriptor
	documents[o.digest] = []byte(d.Digest)
	written := []string{o.blobs, o.indexBlobs}
	for path, data := range documents {
		if path == "" {
			continue
		}
		if err := atomicfile.Write(path, data); err != nil {
			for _, path := range written {
				os.RemoveAll(path)
			}
			return err
		}
		written = append(written, path)
	}
	return nil
}
