package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/tarball"
)

var command = cli.Command{
	Name:    "mksquash",
	Summary: "merge the layers of an image into one layer",
	Details: `
With --above, the layers of another image, which must be the lowest layers of the image, are kept. The merged layer then has
whiteouts for what the layers above them delete.`,
	Required: []string{"root", "output", "layer-descriptor", "shape", "config", "manifest", "descriptor", "digest"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	image   *imageflags.Flags
	above   string
	codec   string
	level   int
	blob    string
	layer   string
	shape   string
	config  string
	outputs wire.Outputs
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{image: imageflags.Declare(flags)}
	flags.StringVar(&r.above, "above", "", "`file` with the manifest of the image whose layers are kept")
	flags.StringVar(&r.codec, "compression", string(oci.Gzip), "`codec` of the layer: gzip, zstd or none")
	flags.IntVar(&r.level, "level", 0, "compression `level`: 1 to 9 for gzip, 1 to 19 for zstd, 0 is the default")
	flags.StringVar(&r.blob, "output", "", "`file` to write the layer to")
	flags.StringVar(&r.layer, "layer-descriptor", "", "`file` to write its descriptor to")
	flags.StringVar(&r.shape, "shape", "", "`file` to write its shape to: its directories and symlinks")
	flags.StringVar(&r.config, "config", "", "`file` to write the config to")
	flags.StringVar(&r.outputs.Document, "manifest", "", "`file` to write the manifest to")
	flags.StringVar(&r.outputs.Descriptor, "descriptor", "", "`file` to write the descriptor of the manifest to")
	flags.StringVar(&r.outputs.Digest, "digest", "", "`file` to write the digest of the manifest to")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

func (r *request) run(ctx context.Context) error {
	format, err := compress.Parse(oci.Compression(r.codec), r.level)
	if err != nil {
		return cli.Usage("%w", err)
	}
	files, err := r.image.Image()
	if err == nil {
		err = files.RequireFiles()
	}
	if err != nil {
		return err
	}
	in, err := read(ctx, files.Files, files.Root, r.above)
	if err != nil {
		return err
	}
	in.packages = files.Packages
	fs, items, err := in.merge(ctx)
	if err != nil {
		return err
	}
	packed, err := pack(ctx, fs, items, r.blob, format)
	if err != nil {
		return err
	}
	packed.Entries = make([]*tree.Entry, len(items))
	for i, item := range items {
		packed.Entries[i] = item.Entry
	}
	if err := r.describe(in, packed); err != nil {
		for _, path := range []string{r.blob, r.layer, r.shape, r.config} {
			os.Remove(path)
		}
		return err
	}
	return nil
}

// merge returns the file system of the image, and the entries of the merged layer.
func (in *input) merge(ctx context.Context) (*rootfs.FileSystem, []tarball.Item, error) {
	all := in.manifest.Layers
	fs, err := rootfs.Merge(ctx, in.src, all)
	if err != nil {
		return nil, nil, err
	}
	if in.kept == 0 {
		return fs, tarball.All(fs), nil
	}
	lower, err := rootfs.Merge(ctx, in.src, all[:in.kept])
	if err != nil {
		return nil, nil, err
	}
	return fs, tarball.Above(lower, fs, in.kept), nil
}

// pack writes the layer. The tar beside it is the place where contents are put in order before they are compressed.
func pack(
	ctx context.Context, fs *rootfs.FileSystem, items []tarball.Item, path string, format compress.Format,
) (layer.Result, error) {
	plan, err := tarball.New(items)
	if err != nil {
		return layer.Result{}, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".squash.*.tmp")
	if err != nil {
		return layer.Result{}, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := plan.Write(ctx, fs, f); err != nil {
		return layer.Result{}, err
	}
	return layer.Pack(f, path, format)
}

// input is the image to squash.
type input struct {
	src      content.Source
	platform *oci.Platform
	manifest oci.Manifest
	config   []byte
	base     []byte // the manifest of the image whose layers are kept, or nil
	kept     int    // its number of layers
	packages []wire.Package
}

// read reads the documents of an image, and of the image that it is based on if there is a path.
func read(ctx context.Context, src content.Source, root oci.Descriptor, above string) (*input, error) {
	if !oci.IsManifest(root.MediaType) {
		return nil, fmt.Errorf("%s: media type %q is not that of an image manifest", root.Digest, root.MediaType)
	}
	data, err := content.ReadAll(ctx, src, root)
	if err != nil {
		return nil, err
	}
	in := &input{src: src, platform: root.Platform}
	if in.manifest, err = oci.ParseManifest(data, root.MediaType); err != nil {
		return nil, fmt.Errorf("manifest %s: %w", root.Digest, err)
	}
	if in.config, err = content.ReadAll(ctx, src, in.manifest.Config); err != nil {
		return nil, err
	}
	if above == "" {
		return in, nil
	}
	if in.base, err = wire.ReadDocument(above); err != nil {
		return nil, err
	}
	var base oci.Manifest
	if err := oci.Unmarshal(in.base, &base); err != nil {
		return nil, fmt.Errorf("%s: %w", above, err)
	}
	in.kept = len(base.Layers)
	return in, in.checkBase(base.Layers)
}

// checkBase checks that the layers of the base are the lowest ones, and that there are others.
func (in *input) checkBase(base []oci.Descriptor) error {
	all := in.manifest.Layers
	wrong := len(base) > len(all)
	for i := range base {
		wrong = wrong || base[i].Digest != all[i].Digest
	}
	switch {
	case wrong:
		return cli.Hint(fmt.Errorf("--above: its %d layers are not the lowest of the %d layers of the image",
			len(base), len(all)), "in a rule, the attribute above is the base of the image")
	case len(base) == len(all):
		return cli.Hint(fmt.Errorf("--above: the image has no layers above the %d of this image", len(base)),
			"in a rule, an image without further layers needs no image_squash")
	}
	return nil
}
