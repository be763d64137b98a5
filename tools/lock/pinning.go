package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

func newAdd(flags *flag.FlagSet) cli.Work {
	var s settings
	var want pin.Want
	s.declare(flags, true)
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
	cli.Each(flags, "mirror", "`registry/repository` with the same blobs, tried first",
		func(value string) error {
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
		f, err := s.read(true)
		if err != nil {
			return err
		}
		if err := checkNew(f, name); err != nil {
			return err
		}
		p, err := s.pin(ctx, std, name, want, lockfile.Image{})
		if err != nil {
			return err
		}
		err = s.change(ctx, true, func(now *lockfile.File) error {
			f = now
			if err := checkNew(f, name); err != nil {
				return err
			}
			p.put(f)
			return nil
		})
		if err != nil {
			return err
		}
		return printAdded(std.Out, f, name)
	}
}

// checkNew returns an error if the lock file already contains the image.
func checkNew(f *lockfile.File, name string) error {
	if _, known := f.Images[name]; !known {
		return nil
	}
	return cli.Hint(fmt.Errorf("image %q is already in the lock file", name),
		"\"lock update %s\" pins the current image of its tag; \"lock remove %[1]s\" removes it", name)
}

func printAdded(out io.Writer, f *lockfile.File, name string) error {
	image := f.Images[name]
	return cli.Line(out, "%s: %s is %s, for %s", name, image.Reference, image.Digest,
		strings.Join(platforms(image), ", "))
}

func newUpdate(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, true)
	s.declareShape(flags)
	return func(ctx context.Context, std cli.Streams) error {
		f, err := s.read(false)
		if err != nil {
			return err
		}
		names, err := some(f, flags.Args())
		if err != nil {
			return err
		}
		var all []pinned
		for _, name := range names {
			want, err := again(f.Images[name])
			if err != nil {
				return err
			}
			p, err := s.pin(ctx, std, name, want, f.Images[name])
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		var lines []string
		err = s.change(ctx, false, func(now *lockfile.File) error {
			for _, p := range all {
				image := now.Images[p.name]
				if !sameRequest(image, f.Images[p.name]) {
					return cli.Hint(fmt.Errorf("image %s: another command has changed or removed it in the meantime", p.name),
						"nothing was written; run \"lock update\" again")
				}
				line := fmt.Sprintf("%s: %s is still %s", p.name, image.Reference, image.Digest)
				if p.image.Digest != image.Digest {
					line = fmt.Sprintf("%s: %s is %s, was %s", p.name, image.Reference, p.image.Digest, image.Digest)
				}
				lines = append(lines, line)
				p.put(now)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, line := range lines {
			if err := cli.Line(std.Out, "%s", line); err != nil {
				return err
			}
		}
		return nil
	}
}

// sameRequest reports whether two images were pinned with the same reference, platforms, mirrors and shape setting.
func sameRequest(a, b lockfile.Image) bool {
	return a.Reference == b.Reference && a.NoShape == b.NoShape && slices.Equal(a.Mirrors, b.Mirrors) && slices.Equal(platforms(a), platforms(b))
}

// pinned is an image that is not in a lock file yet, with its registries.
type pinned struct {
	name       string
	image      lockfile.Image
	registries map[string]lockfile.Registry
}

// pin pins an image under a name. It reuses data from known, the image in the lock file, for layers that are the same.
func (s *settings) pin(
	ctx context.Context, std cli.Streams, name string, want pin.Want, known lockfile.Image,
) (pinned, error) {
	client := registry.NewUserClient(s.insecure)
	image, registries, err := pin.Image(ctx, client, want)
	if err == nil {
		image.NoShape = s.noShape || known.NoShape
		err = s.shapes(ctx, std, client, name, image, known)
	}
	if err != nil {
		return pinned{}, fmt.Errorf("image %s: %w", name, advise(err))
	}
	return pinned{name, image, registries}, nil
}

// shapes reads the image's layers and records their shapes, unless the image has NoShape set.
func (s *settings) shapes(
	ctx context.Context, std cli.Streams, client *registry.Client, name string, image, known lockfile.Image,
) error {
	if image.NoShape {
		return nil
	}
	sources, err := image.Sources()
	if err != nil {
		return err
	}
	var names []string
	for _, source := range sources {
		names = append(names, source.Name())
	}
	var layers []content.RemoteLayer
	for _, p := range image.Platforms {
		manifest, err := p.ParseManifest()
		if err != nil {
			return err
		}
		for _, d := range manifest.Layers {
			layers = append(layers, content.RemoteLayer{Descriptor: d, Sources: names})
		}
	}
	var meter progress.Meter
	display := progress.NewDisplay(std.Err, progress.Terminal(std.Err), &meter)
	source := meter.Watch(remote.New(client, layers))
	reasons, err := pin.Shapes(cli.WithNotices(ctx, display), source, image, known) // No notice breaks the bars.
	display.Close()
	for _, reason := range reasons {
		cli.Line(std.Err, "%s: layers on it are not compared with its directories and symlinks: %s", name, reason)
	}
	return err
}

// put adds the image to a lock file.
func (p pinned) put(f *lockfile.File) {
	f.Images[p.name] = p.image
	for registry, how := range p.registries {
		lockfile.Learn(f.Registries, registry, how)
	}
}

// again returns the request that pins an image again in the same way.
func again(image lockfile.Image) (pin.Want, error) {
	ref, err := reference.Parse(image.Reference)
	want := pin.Want{Reference: ref}
	sources, sourcesErr := image.Sources()
	if err := errors.Join(err, sourcesErr); err != nil {
		return want, err
	}
	want.Mirrors = sources[:len(sources)-1]
	for _, text := range platforms(image) {
		p, err := oci.ParsePlatform(text)
		if err != nil {
			return want, err
		}
		want.Platforms = append(want.Platforms, p)
	}
	return want, nil
}
