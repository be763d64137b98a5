package main

import (
	"context"
	"flag"
	"path/filepath"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/ldcache"
)

var librariesCommand = cli.Command{
	Name:    "libraries",
	Summary: "write the cache of the shared libraries of an image, and links that they lack, as ldconfig does",
	Details: `
The directories are those of --dir, of the image's ld.so.conf, /lib and /usr/lib, in this order.`,
	Required: []string{"root", "output"},
	New:      newLibraries,
}

// libraries is a parsed command line.
type libraries struct {
	dirs   []string
	base   *imageflags.Flags
	output string
}

func newLibraries(flags *flag.FlagSet) cli.Work {
	l := libraries{base: imageflags.Declare(flags)}
	cli.Each(flags, "dir", "`directory` of libraries in the image", func(dir string) error {
		clean, err := tree.Clean(dir)
		l.dirs = append(l.dirs, clean)
		return err
	})
	flags.StringVar(&l.output, "output", "", "`file` to write the tar to")
	return func(ctx context.Context, _ cli.Streams) error { return l.run(ctx) }
}

func (l *libraries) run(ctx context.Context) error {
	from, err := readBase(ctx, l.base)
	if err != nil {
		return err
	}
	configured, err := ldcache.Dirs(ctx, from.FileSystem)
	if err != nil {
		return err
	}
	found, err := ldcache.Find(ctx, from.FileSystem, slices.Concat(l.dirs, configured), filepath.Dir(l.output))
	if err != nil {
		return err
	}
	data, err := ldcache.Marshal(found.Libraries)
	if err != nil {
		return err
	}
	entries := []tree.Entry{file(ldcache.Path, 0o644, data)}
	for path, target := range found.Links {
		entries = append(entries, tree.Entry{Path: path, Kind: tree.Symlink, Target: target, Origin: path})
	}
	return write(ctx, l.output, entries)
}
