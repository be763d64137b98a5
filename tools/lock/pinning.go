package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/auth"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pin"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

func newAdd(flags *flag.FlagSet) cli.Work {
	var s settings
	var want pin.Want
	s.declare(flags, true)
	cli.Each(flags, "platform", "`os/arch[/variant]` to pin, or \"all\" (repeatable)", func(value string) error {
		if value == "all" {
			want.All = true
			return nil
		}
		p, err := oci.ParsePlatform(value)
		want.Platforms = append(want.Platforms, p)
		return err
	})
	cli.Each(flags, "mirror", "`registry/repository` that holds the same blobs, asked first for them (repeatable)",
		func(value string) error {
			ref, err := reference.ParseRepository(value)
			want.Mirrors = append(want.Mirrors, ref)
			return err
		})
	return func(ctx context.Context, std cli.Streams) error {
		if flags.NArg() != 2 {
			return cli.Hint(cli.Usage("expected NAME and REFERENCE, got %d arguments", flags.NArg()),
				"an example: add debian docker.io/library/debian:12")
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
		if _, known := f.Images[name]; known {
			return cli.Hint(fmt.Errorf("image %q is in the lock file already", name),
				"\"lock update %s\" pins what its tag means now; \"lock remove %[1]s\" forgets it", name)
		}
		if err := s.pin(ctx, f, name, want); err != nil {
			return err
		}
		if err := f.Write(s.file()); err != nil {
			return err
		}
		return s.tellAdded(std.Out, f, name)
	}
}

func (s *settings) tellAdded(out io.Writer, f *lockfile.File, name string) error {
	image := f.Images[name]
	_, err := fmt.Fprintf(out, "%s: %s is %s, for %s\n", name, image.Reference, image.Digest,
		strings.Join(platforms(image), ", "))
	return err
}

func newUpdate(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, true)
	return func(ctx context.Context, std cli.Streams) error {
		f, err := s.read(false)
		if err != nil {
			return err
		}
		names, err := some(f, flags.Args())
		if err != nil {
			return err
		}
		var lines []string
		for _, name := range names {
			before := f.Images[name].Digest
			want, err := again(f.Images[name])
			if err != nil {
				return err
			}
			if err := s.pin(ctx, f, name, want); err != nil {
				return err
			}
			line := fmt.Sprintf("%s: %s is still %s", name, f.Images[name].Reference, before)
			if after := f.Images[name].Digest; after != before {
				line = fmt.Sprintf("%s: %s is %s, was %s", name, f.Images[name].Reference, after, before)
			}
			lines = append(lines, line)
		}
		if err := f.Write(s.file()); err != nil {
			return err
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(std.Out, line); err != nil {
				return err
			}
		}
		return nil
	}
}

// pin pins an image under a name.
func (s *settings) pin(ctx context.Context, f *lockfile.File, name string, want pin.Want) error {
	store := auth.DefaultStore()
	client := registry.NewClient(registry.Options{
		Credentials: store, Insecure: s.insecure, CertDirs: registry.DefaultCertDirs(),
	})
	image, registries, err := pin.Image(ctx, client, want)
	if err != nil {
		return fmt.Errorf("image %s: %w", name, advise(err, want.Reference, store))
	}
	f.Images[name] = image
	for registry, how := range registries {
		lockfile.Learn(f.Registries, registry, how)
	}
	return nil
}

// again returns what pins an image anew as it was pinned before.
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
