package lock

import (
	"context"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

// pinned is an image that is not in a lock file yet, with its registries.
type pinned struct {
	name       string
	image      lockfile.Image
	registries map[string]lockfile.Registry
}

// put adds the image to a lock file.
func (p pinned) put(f *lockfile.File) {
	f.Images[p.name] = p.image
	for registry, how := range p.registries {
		lockfile.Learn(f.Registries, registry, how)
	}
}

// pin pins an image. It reuses data of known, the image that the lock file has under the name, for unchanged layers.
func (k Keeper) pin(ctx context.Context, name string, want pin.Want, known lockfile.Image) (pinned, error) {
	image, registries, err := pin.Image(ctx, k.Client, want)
	if err == nil && !image.NoShape {
		err = k.shapes(ctx, name, image, known)
	}
	if platform := (*content.PlatformError)(nil); errors.As(err, &platform) {
		err = message.Hint(err,
			"select others, or all, with --platform; \"lock remove\" and \"lock add\" change those of an image")
	}
	if err != nil {
		return pinned{}, fmt.Errorf("image %s: %w", name, err)
	}
	return pinned{name, image, registries}, nil
}

// shapes reads the image's layers and records their shapes.
func (k Keeper) shapes(ctx context.Context, name string, image, known lockfile.Image) error {
	layers, err := layersOf(image)
	if err != nil {
		return err
	}
	source := remote.New(k.Client, layers)
	if k.Watch != nil {
		source = k.Watch(source)
	}
	reasons, err := pin.Shapes(ctx, source, image, known)
	for _, reason := range reasons {
		message.Notify(ctx, "%s: layers on it are not compared with its directories and symlinks: %s", name, reason)
	}
	return err
}

// layersOf returns the layers of all platforms.
func layersOf(image lockfile.Image) ([]content.RemoteLayer, error) {
	sources, err := image.Sources()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, source := range sources {
		names = append(names, source.Name())
	}
	var layers []content.RemoteLayer
	for _, p := range image.Platforms {
		manifest, err := p.ParseManifest()
		if err != nil {
			return nil, err
		}
		for _, d := range manifest.Layers {
			layers = append(layers, content.RemoteLayer{Descriptor: d, Sources: names})
		}
	}
	return layers, nil
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
	for _, text := range image.PlatformNames() {
		p, err := oci.ParsePlatform(text)
		if err != nil {
			return want, err
		}
		want.Platforms = append(want.Platforms, p)
	}
	return want, nil
}
