package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
)

// writeArchive writes the image, or all images of an index if no platform is set, to a file or to standard output ("-").
func writeArchive(ctx context.Context, std cli.Streams, path string, image engine.Image) error {
	image, err := image.Select(ctx)
	if err != nil {
		return err
	}
	options := archive.Options{Names: image.Names}
	if path == "-" {
		return archive.Write(ctx, std.Out, image.Source, image.Root, options)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return cli.Hint(fmt.Errorf("%s: is a directory", path), "--archive=- writes to standard output")
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := archive.Write(ctx, f, image.Source, image.Root, options); err != nil {
		return err
	}
	if err := f.Commit(); err != nil || f.InPlace() {
		return err // only a regular file has a path to print; another output may be standard output itself
	}
	_, err = fmt.Fprintln(std.Out, path)
	return err
}
