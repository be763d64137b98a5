package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
)

func newVerify(flags *flag.FlagSet) cli.Work {
	var s settings
	s.declare(flags, true)
	offline := flags.Bool("offline", false, "check only the file, without requests to registries")
	return func(ctx context.Context, std cli.Streams) error {
		f, err := s.read(false)
		if err != nil {
			return err
		}
		names, err := some(f, flags.Args())
		if err != nil {
			return err
		}
		if *offline {
			_, err := fmt.Fprintf(std.Out, "ok: %d images\n", len(f.Images))
			return err
		}
		v := verifier{registry.NewUserClient(s.insecure), f}
		var all failures
		for _, name := range names {
			news, problems := v.image(ctx, f.Images[name])
			all = append(all, problems...)
			for _, problem := range problems {
				news = append(news, problem.Error())
			}
			if len(news) == 0 {
				news = []string{"ok"}
			}
			for _, line := range news {
				if err := cli.Line(std.Out, "%s: %s", name, line); err != nil {
					return err
				}
			}
		}
		if len(all) > 0 {
			return cli.Hint(all, "\"lock update NAME\" pins an image again")
		}
		return nil
	}
}

// failures are problems that have been printed. As an error, they are their number and all their hints.
type failures []error

func (f failures) Error() string   { return fmt.Sprintf("%d problems", len(f)) }
func (f failures) Unwrap() []error { return f }

// verifier checks that registries have everything in a lock file.
type verifier struct {
	client *registry.Client
	file   *lockfile.File
}

// image returns changes that are not errors, and problems.
func (v verifier) image(ctx context.Context, image lockfile.Image) (news []string, problems []error) {
	sources, err := image.Sources()
	if err != nil {
		return nil, []error{err}
	}
	for _, source := range sources {
		isMirror := slices.Contains(image.Mirrors, source.Name())
		if err := v.source(ctx, image, source, isMirror); err != nil {
			problems = append(problems, err...)
		}
	}
	ref, err := reference.Parse(image.Reference)
	if err != nil || ref.Digest != "" || len(problems) > 0 {
		return nil, problems
	}
	repository, err := v.client.Repository(ctx, ref, auth.Pull)
	if err != nil {
		return nil, []error{err}
	}
	now, err := repository.Resolve(ctx, ref.Tag)
	switch {
	case errors.Is(err, content.ErrNotFound):
		news = append(news, image.Reference+" is gone; the pinned image still exists")
	case err != nil:
		problems = append(problems, err)
	case now != "" && now != image.Digest:
		news = append(news, fmt.Sprintf("%s is now %s", image.Reference, now))
	}
	return news, problems
}

// source checks one repository. A mirror needs only the layers.
func (v verifier) source(
	ctx context.Context, image lockfile.Image, source reference.Reference, isMirror bool,
) (problems []error) {
	how, err := pin.Registry(ctx, v.client, source)
	if err != nil {
		return []error{err}
	}
	if !v.file.Registries[source.Registry].Covers(how) {
		problems = append(problems, fmt.Errorf("%s: its address or authentication has changed since it was pinned", source.Registry))
	}
	repository, err := v.client.Repository(ctx, source, auth.Pull)
	if err != nil {
		return append(problems, err)
	}
	for _, platform := range platforms(image) {
		p := image.Platforms[platform]
		manifest, err := p.ParseManifest()
		if err != nil {
			return append(problems, err)
		}
		blobs := manifest.Layers
		if !isMirror {
			blobs = append(slices.Clone(blobs), manifest.Config)
			if _, err := repository.Resolve(ctx, p.Manifest.Digest.String()); err != nil {
				problems = append(problems, err)
			}
		}
		for _, blob := range blobs {
			has, err := repository.HasBlob(ctx, blob)
			if err == nil && !has {
				err = fmt.Errorf("%s: blob %s is gone", source.Name(), blob.Digest)
			}
			if err != nil {
				problems = append(problems, err)
			}
		}
	}
	return problems
}
