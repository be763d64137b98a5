package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/auth"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pin"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// lockName is the file's name where none is given.
const lockName = "images.lock.json"

var command = cli.Group{
	Name:    "lock",
	Summary: "pin base images, so that builds need no network",
	Details: `
The lock file is images.lock.json in the workspace; --lock names another. It belongs into version control.

Credentials are those that "docker login" and "podman login" left, with their helper programs. No secret gets into the
file. A registry on this machine may do without TLS.`,
	Commands: []cli.Command{
		{
			Name: "add", Operands: "NAME REFERENCE", New: newAdd,
			Summary: "pin an image, which builds then know as @NAME",
			Details: `
REFERENCE is an image's name with a tag or a digest, like docker.io/library/debian:12. Of an index linux/amd64 and
linux/arm64 are pinned, as far as it has them; --platform says otherwise.`,
		},
		{
			Name: "update", Operands: "[NAME]...", New: newUpdate,
			Summary: "pin what the tags mean now, of the images NAME or of all, for the same platforms",
		},
		{Name: "remove", Operands: "NAME...", New: newRemove, Summary: "forget images"},
		{
			Name: "verify", Operands: "[NAME]...", New: newVerify,
			Summary: "check that registries still hold all that the file promises",
			Details: `
The file itself is always checked as a whole: each document must have the digest by which another one names it. Then
the registries and mirrors of the images NAME, or of all, are asked for each manifest, config and layer. A tag that
means another image by now is told of, and is no error.`,
		},
		{Name: "list", New: newList, Summary: "print name, reference, digest and platforms of each image, one image a line"},
	},
}

// settings are the values of the flags that commands share.
type settings struct {
	path     string
	insecure bool
}

func (s *settings) declare(flags *flag.FlagSet, online bool) {
	flags.StringVar(&s.path, "lock", "", "lock `file` (default images.lock.json in the workspace)")
	if online {
		flags.BoolVar(&s.insecure, "insecure", false, "accept an unknown certificate, or no TLS at all")
	}
}

// file returns the path of the lock file: what the user says is relative to where the user is.
func (s *settings) file() string {
	if s.path == "" {
		return filepath.Join(os.Getenv("BUILD_WORKSPACE_DIRECTORY"), lockName)
	}
	if dir := os.Getenv("BUILD_WORKING_DIRECTORY"); dir != "" && !filepath.IsAbs(s.path) {
		return filepath.Join(dir, s.path)
	}
	return s.path
}

// read reads the lock file, which must be there unless it may be new.
func (s *settings) read(mayBeNew bool) (*lockfile.File, error) {
	f, err := lockfile.Read(s.file())
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return f, err
	case mayBeNew:
		return f, nil
	}
	return nil, cli.Hint(fmt.Errorf("%s: there is no such file", s.file()),
		"\"lock add NAME REFERENCE\" makes it; --lock names another file")
}

// some returns the names, or all of them if there are none, sorted. Each must be in the file.
func some(f *lockfile.File, names []string) ([]string, error) {
	for _, name := range names {
		if _, ok := f.Images[name]; !ok {
			return nil, cli.Hint(fmt.Errorf("image %q is not in the lock file", name), "\"lock list\" lists those that are")
		}
	}
	if len(names) == 0 {
		for name := range f.Images {
			names = append(names, name)
		}
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names), nil
}

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
	client := registry.NewClient(registry.Options{Credentials: store, Insecure: s.insecure})
	image, registries, err := pin.Image(ctx, client, want)
	if err != nil {
		return fmt.Errorf("image %s: %w", name, advise(err, want.Reference, store))
	}
	f.Images[name] = image
	for registry, how := range registries {
		f.Registries[registry] = how
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

// platforms returns the image's platforms, sorted.
func platforms(image lockfile.Image) []string {
	var all []string
	for name := range image.Platforms {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func newRemove(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, false)
	return func(context.Context, cli.Streams) error {
		if flags.NArg() == 0 {
			return cli.Usage("expected the NAME of an image")
		}
		f, err := s.read(false)
		if err != nil {
			return err
		}
		names, err := some(f, flags.Args())
		if err != nil {
			return err
		}
		for _, name := range names {
			delete(f.Images, name)
		}
		return f.Write(s.file())
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
			_, err := fmt.Fprintf(std.Out, "%s %s %s %s\n", name, image.Reference, image.Digest,
				strings.Join(platforms(image), ","))
			if err != nil {
				return err
			}
		}
		return nil
	}
}
