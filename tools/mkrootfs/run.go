package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

var command = cli.Command{
	Name:    "mkrootfs",
	Summary: "write the root file system of an image as an archive or as a file system image",
	Details: `
The formats are tar, cpio (newc, for an initramfs), ext4 (without a journal), erofs (read-only, not compressed) and
squashfs (read-only, compressed).
Sizes are numbers of bytes, or numbers with K, M, G or T, powers of 1024.`,
	Required: []string{"root", "format", "output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	image    *imageflags.Flags
	platform *oci.Platform
	extra    cli.Strings
	format   format
	init     string
	hostname string
	output   string
	digest   string
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{image: imageflags.Declare(flags)}
	flags.Func("platform", "`os/arch[/variant]` of the image, if --root is an index", func(value string) error {
		p, err := oci.ParsePlatform(value)
		r.platform = &p
		return err
	})
	flags.Var(&r.extra, "extra", "a layer to put on top, as `descriptor=blob`; the first is the lowest")
	r.format.declare(flags)
	flags.StringVar(&r.init, "init", "", "`program` to put in as /.strata/init: it starts the image's program in a virtual machine")
	flags.StringVar(&r.hostname, "hostname", "", "`name` of the machine, for --init")
	flags.StringVar(&r.output, "output", "", "`file` to write")
	flags.StringVar(&r.digest, "digest", "", "`file` for the digest of the output")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

func (r *request) run(ctx context.Context) error {
	if err := r.format.check(); err != nil {
		return err
	}
	if r.hostname != "" && r.init == "" {
		return cli.Usage("--hostname: only a file system with --init has one")
	}
	fs, err := r.merge(ctx)
	if err != nil {
		return err
	}
	plan, err := r.format.plan(fs)
	if err != nil {
		return err
	}
	if err := write(ctx, fs, plan, r.output, r.format.outer()); err != nil || r.digest == "" {
		return err
	}
	sum, _, err := digest.FromFile(r.output)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(r.digest, []byte(sum)); err != nil {
		os.Remove(r.output)
		return err
	}
	return nil
}

// merge merges the layers of the image, and the extra ones.
func (r *request) merge(ctx context.Context) (*rootfs.FileSystem, error) {
	image, err := r.image.Image()
	if err == nil {
		err = image.RequireFiles()
	}
	if err != nil {
		return nil, err
	}
	chosen, err := choose(ctx, image, r.platform)
	if err != nil {
		return nil, err
	}
	layers := chosen.Manifest.Layers
	extra := new(content.Files)
	for _, pair := range r.extra {
		descriptor, blob, err := cli.SplitPair(pair)
		if err != nil {
			return nil, cli.Usage("--extra: %w", err)
		}
		layer, err := wire.ReadLayer(descriptor)
		if err != nil {
			return nil, err
		}
		extra.Add(layer.Digest, blob)
		layers = append(layers, layer.Descriptor())
	}
	fs, err := rootfs.Merge(ctx, content.Multi{image.Files, extra}, layers)
	if err != nil || r.init == "" {
		return fs, err
	}
	return fs, r.addInit(ctx, fs, image.Files, chosen)
}

// choose returns the only image, or the one for the platform.
func choose(ctx context.Context, image imageflags.Image, platform *oci.Platform) (content.Image, error) {
	images, err := content.Images(ctx, image.Files, image.Root)
	switch {
	case err != nil:
		return content.Image{}, err
	case oci.IsManifest(image.Root.MediaType) && len(images) == 1:
		return images[0], nil
	case platform == nil:
		return content.Image{}, cli.Hint(fmt.Errorf("%s is an index", image.Root.Digest), "--platform chooses an image")
	}
	chosen, err := content.Choose(images, *platform)
	var mismatch *content.PlatformError
	if errors.As(err, &mismatch) {
		return chosen, cli.Hint(err, "--platform chooses an image; in a rule, set the attribute platform, or build for another target platform")
	}
	return chosen, err
}

// write writes the planned file at path, compressed. Nothing is left there if it fails.
func write(
	ctx context.Context, fs *rootfs.FileSystem, plan writer, path string, format compress.Format,
) error {
	if format.Codec == oci.Uncompressed {
		return writePlain(ctx, fs, plan, path)
	}
	// The file beside the output is the place where contents are put in order before they are compressed.
	f, err := os.CreateTemp(filepath.Dir(path), ".rootfs.*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := plan.Write(ctx, fs, f); err != nil {
		return err
	}
	_, err = layer.Pack(f, path, format)
	return err
}

func writePlain(ctx context.Context, fs *rootfs.FileSystem, plan writer, path string) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := plan.Write(ctx, fs, f.File); err != nil {
		return err
	}
	return f.Commit()
}
