package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/lock"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
)

func newAdd(flags *flag.FlagSet) cli.Work {
	var s settings
	var want pin.Want
	s.declare(flags)
	s.declareConnection(flags)
	s.declareShape(flags)
	cli.Each(flags, "platform", "`os/arch[/variant]` to pin, or \"all\"", func(value string) error {
		if value == "all" {
			want.All = true
			return nil
		}
		p, err := oci.ParsePlatform(value)
		want.Platforms = append(want.Platforms, p)
		return err
	})
	cli.Each(flags, "mirror", "`registry/repository` with the same blobs, tried first", func(value string) error {
		ref, err := reference.ParseRepository(value)
		want.Mirrors = append(want.Mirrors, ref)
		return err
	})
	return func(ctx context.Context, std cli.Streams) error {
		if flags.NArg() != 2 {
			return cli.Hint(cli.Usage("expected NAME and REFERENCE, got %d arguments", flags.NArg()),
				"example: add debian docker.io/library/debian:12")
		}
		name := flags.Arg(0)
		if err := lockfile.CheckName(name); err != nil {
			return cli.Usage("%w", err)
		}
		var err error
		if want.Reference, err = reference.Parse(flags.Arg(1)); err != nil {
			return cli.Usage("%w", err)
		}
		want.NoShape = s.noShape
		var image lockfile.Image
		err = s.pin(ctx, std, func(ctx context.Context, k lock.Keeper) (err error) {
			image, err = k.Add(ctx, name, want)
			return err
		})
		if err != nil {
			return err
		}
		return cli.Line(std.Out, "%s: %s is %s, for %s", name, image.Reference, image.Digest,
			strings.Join(image.PlatformNames(), ", "))
	}
}

func newUpdate(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags)
	s.declareConnection(flags)
	s.declareShape(flags)
	return func(ctx context.Context, std cli.Streams) error {
		var updates []lock.Update
		err := s.pin(ctx, std, func(ctx context.Context, k lock.Keeper) (err error) {
			updates, err = k.Update(ctx, flags.Args(), s.noShape)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range updates {
			change := fmt.Sprintf("still %s", u.Before.Digest)
			if u.After.Digest != u.Before.Digest {
				change = fmt.Sprintf("%s, was %s", u.After.Digest, u.Before.Digest)
			}
			if err := cli.Line(std.Out, "%s: %s is %s", u.Name, u.Before.Reference, change); err != nil {
				return err
			}
		}
		return nil
	}
}

func newRemove(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags)
	return func(ctx context.Context, _ cli.Streams) error {
		if flags.NArg() == 0 {
			return cli.Usage("expected the NAME of an image")
		}
		return lock.Keeper{Path: s.file()}.Remove(ctx, flags.Args())
	}
}

func newVerify(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags)
	s.declareConnection(flags)
	offline := flags.Bool("offline", false, "check only the file, without requests to registries")
	return func(ctx context.Context, std cli.Streams) error {
		if *offline {
			return verifyOffline(std, s.file(), flags.Args())
		}
		keeper := lock.Keeper{Path: s.file(), Client: s.connection.Client()}
		return keeper.Verify(ctx, flags.Args(), func(name string, findings []string) error {
			if len(findings) == 0 {
				findings = []string{"ok"}
			}
			for _, line := range findings {
				if err := cli.Line(std.Out, "%s: %s", name, line); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// verifyOffline checks the file, which must contain the images with the names.
func verifyOffline(std cli.Streams, file string, names []string) error {
	f, err := lockfile.Read(file)
	if err != nil {
		return err
	}
	if _, err := f.Names(names); err != nil {
		return err
	}
	return cli.Line(std.Out, "ok: %d images", len(f.Images))
}

func newList(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags)
	return func(_ context.Context, std cli.Streams) error {
		f, err := lockfile.Read(s.file())
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(f.Images)) {
			image := f.Images[name]
			err := cli.Line(std.Out, "%s %s %s %s", name, image.Reference, image.Digest,
				strings.Join(image.PlatformNames(), ","))
			if err != nil {
				return err
			}
		}
		return nil
	}
}
