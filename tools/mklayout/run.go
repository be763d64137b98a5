package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
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
		write := func(f *atomicfile.File) error {
			return archive.WriteAll(ctx, f.File, made.Files, images)
		}
		if err := writeArchive(*archivePath, write); err != nil || *layoutPath == "" {
			return err
		}
		return layout.WriteAll(ctx, *layoutPath, made.Files, images)
	}
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
