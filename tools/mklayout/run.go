package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

var command = cli.Command{
	Name:    "mklayout",
	Summary: "write images or indexes as an OCI image layout, as a tar archive, or as both",
	Details: `
The layout consists of regular files. The archive is an OCI archive and a docker-archive in one: docker load and podman
load both read it. Its bytes depend on nothing but the images and their names. A blob of several images is written once.`,
	New: newWork,
}

func newWork(flags *flag.FlagSet) cli.Work {
	image := imageflags.Declare(flags)
	names := nameflags.DeclareImages(flags)
	names.Stable = true
	var referrers cli.Strings
	flags.Var(&referrers, "referrer",
		"`file` with the descriptor of an artifact to write with the images; its subject is one of them, an image of an index,\n"+
			"or a referrer before it")
	layoutPath := flags.String("layout", "", "`directory` to write, absent or empty")
	archivePath := flags.String("archive", "", "`tar` file to write")
	return func(ctx context.Context, _ cli.Streams) error {
		if *layoutPath == "" && *archivePath == "" {
			return cli.Usage("--layout or --archive is missing")
		}
		images, err := names.Resolve(image.Root)
		if err != nil {
			return err
		}
		made, err := image.Blobs()
		if err == nil {
			err = made.RequireFiles()
		}
		if err != nil {
			return err
		}
		if images, err = addReferrers(ctx, made.Files, images, referrers); err != nil {
			return err
		}
		write := func(f *atomicfile.File) error {
			return archive.WriteAll(ctx, f.File, made.Files, images)
		}
		if err := writeArchive(*archivePath, write); err != nil || *layoutPath == "" {
			return err
		}
		return layout.WriteAll(ctx, *layoutPath, made.Files, images)
	}
}

// addReferrers adds the artifacts with descriptors in files to the images, after checking their subjects.
func addReferrers(ctx context.Context, source content.Source, images []layout.Image, files []string) ([]layout.Image, error) {
	var roots, referrers []oci.Descriptor
	for _, image := range images {
		roots = append(roots, image.Root)
	}
	for _, file := range files {
		referrer, err := wire.ReadDescriptor(file)
		if err != nil {
			return nil, err
		}
		referrers = append(referrers, referrer)
		images = append(images, layout.Image{Root: referrer})
	}
	return images, content.CheckReferrers(ctx, source, roots, referrers)
}

// writeArchive writes the file at path with write. It does nothing if path is empty.
func writeArchive(path string, write func(*atomicfile.File) error) error {
	if path == "" {
		return nil
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}
