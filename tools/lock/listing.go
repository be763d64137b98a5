package main

import (
	"context"
	"flag"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
)

func newRemove(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, false)
	return func(ctx context.Context, _ cli.Streams) error {
		if flags.NArg() == 0 {
			return cli.Usage("expected the NAME of an image")
		}
		return s.change(ctx, false, func(f *lockfile.File) error {
			names, err := some(f, flags.Args())
			for _, name := range names {
				delete(f.Images, name)
			}
			return err
		})
	}
}

func newList(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, false)
	return func(_ context.Context, std cli.Streams) error {
		f, err := s.read(false)
		if err != nil {
			return err
		}
		names, err := some(f, nil)
		if err != nil {
			return err
		}
		for _, name := range names {
			image := f.Images[name]
			err := cli.Line(std.Out, "%s %s %s %s", name, image.Reference, image.Digest,
				strings.Join(platforms(image), ","))
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// platforms returns the image's platforms, sorted.
func platforms(image lockfile.Image) []string {
	var all []string
	for name := range image.Platforms {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
