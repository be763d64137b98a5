package lock

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
)

// problems are problems that have been shown. As an error, they are their number and all their hints.
type problems []error

func (p problems) Error() string   { return fmt.Sprintf("%d problems", len(p)) }
func (p problems) Unwrap() []error { return p }

// Verify checks that registries still have all documents and layers of the images with the names, or of all images if
// there are no names. It calls show for each image with its problems and with changes that are not problems: a tag that
// now resolves to another image, or is gone. If there are problems, Verify returns an error with their number.
func (k Keeper) Verify(ctx context.Context, names []string, show func(name string, findings []string) error) error {
	f, err := lockfile.Read(k.Path)
	if err != nil {
		return err
	}
	if names, err = f.Names(names); err != nil {
		return err
	}
	v := verifier{k.Client, f}
	var all problems
	for _, name := range names {
		findings, problems := v.image(ctx, f.Images[name])
		all = append(all, problems...)
		for _, problem := range problems {
			findings = append(findings, problem.Error())
		}
		if err := show(name, findings); err != nil {
			return err
		}
	}
	if len(all) > 0 {
		return message.Hint(all, "\"lock update NAME\" pins an image again")
	}
	return nil
}

// verifier checks that registries have everything in a lock file.
type verifier struct {
	client *registry.Client
	file   *lockfile.File
}

// image returns changes that are not problems, and problems.
func (v verifier) image(ctx context.Context, image lockfile.Image) (changes []string, problems []error) {
	sources, err := image.Sources()
	if err != nil {
		return nil, []error{err}
	}
	for _, source := range sources {
		isMirror := slices.Contains(image.Mirrors, source.Name())
		problems = append(problems, v.source(ctx, image, source, isMirror)...)
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
		changes = append(changes, image.Reference+" is gone; the pinned image still exists")
	case err != nil:
		problems = append(problems, err)
	case now != "" && now != image.Digest:
		changes = append(changes, fmt.Sprintf("%s is now %s", image.Reference, now))
	}
	return changes, problems
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
	for _, name := range image.PlatformNames() {
		p := image.Platforms[name]
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
