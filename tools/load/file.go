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

// write writes the archive for --archive: the image for --platform, or else the whole input.
func (s *settings) write(ctx context.Context, std cli.Streams, image engine.Image) error {
	if s.platform != nil {
		var err error
		if image, err = s.selectFor(ctx, *s.platform, image); err != nil {
			return err
		}
	}
	options := archive.Options{Names: image.Names}
	if s.archive == "-" {
		return archive.Write(ctx, std.Out, image.Source, image.Root, options)
	}
	path, err := filepath.Abs(s.archive)
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
	if err := archive.Write(ctx, f, image.Source, image.Root, options); err != nil {
		return err
	}
	if err := f.Commit(); err != nil || f.InPlace() {
		return err // only a regular file has a path to print; another output may be standard output itself
	}
	_, err = fmt.Fprintln(std.Out, path)
	return err
}
