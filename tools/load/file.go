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
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// writeArchive writes the images, or all images of an index if no platform is set, to a file or to standard output ("-").
func writeArchive(ctx context.Context, std cli.Streams, path string, images []engine.Image) error {
	var chosen []layout.Image
	for _, image := range images {
		image, err := image.Select(ctx)
		if err != nil {
			return err
		}
		chosen = append(chosen, layout.Image{Root: image.Root, Names: image.Names})
	}
	source := images[0].Source // the source of all
	if path == "-" {
		return archive.WriteAll(ctx, std.Out, source, chosen)
	}
	path, err := filepath.Abs(path)
	if err != nil {
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
	if err := archive.WriteAll(ctx, f, source, chosen); err != nil {
		return err
	}
	if err := f.Commit(); err != nil || f.InPlace() {
		return err // only a regular file has a path to print; another output may be standard output itself
	}
	_, err = fmt.Fprintln(std.Out, path)
	return err
}
