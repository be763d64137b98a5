// Package pin determines the contents of a lock file: the manifests that an image reference resolves to, and how to
// connect to its registry.
//
// It follows nested indexes, reads a platform that no index states from the image's config, and skips entries that are
// not images (attestations, signatures, other artifacts). It reads only documents; [Shapes] alone reads layers.
//
// Non-goals: the format of the lock file (package lockfile), deciding when to pin (package lock).
package pin

import (
	"context"
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// Default are the platforms pinned from an index by default, if the index has them.
var Default = []oci.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}

// Want describes what to pin.
type Want struct {
	// Reference is the image's name. A digest in it takes precedence over a tag.
	Reference reference.Reference
	// Mirrors are repositories that hold the same blobs.
	Mirrors []reference.Reference
	// Platforms are the platforms to pin. If it is empty, Default is used, or the image's only platform.
	Platforms []oci.Platform
	// All means every platform of the index.
	All bool
	// NoShape means that the shapes of the layers are not recorded, now and in updates.
	NoShape bool
}

// Image resolves an image at its registry, and finds out how to connect to the registries of the image and its mirrors.
// The error is a *content.PlatformError if the image lacks a requested platform.
func Image(
	ctx context.Context, client *registry.Client, want Want,
) (lockfile.Image, map[string]lockfile.Registry, error) {
	fail := func(err error) (lockfile.Image, map[string]lockfile.Registry, error) {
		return lockfile.Image{}, nil, err
	}
	repository, err := client.Repository(ctx, want.Reference, auth.Pull)
	if err != nil {
		return fail(err)
	}
	s := &search{ctx: ctx, documents: newDocuments(repository), want: want}
	image, err := s.image()
	if err != nil {
		return fail(err)
	}
	registries := make(map[string]lockfile.Registry)
	for _, mirror := range want.Mirrors {
		image.Mirrors = append(image.Mirrors, mirror.Name())
	}
	for _, ref := range append(slices.Clone(want.Mirrors), want.Reference) {
		how, err := Registry(ctx, client, ref)
		if err != nil {
			return fail(err)
		}
		lockfile.Learn(registries, ref.Registry, how)
	}
	return image, registries, nil
}

// Registry finds out how to connect to the registry that ref names.
func Registry(ctx context.Context, client *registry.Client, ref reference.Reference) (lockfile.Registry, error) {
	end, err := client.Endpoint(ctx, ref)
	if err != nil {
		return lockfile.Registry{}, err
	}
	r := lockfile.Registry{URL: end.URL}
	if c := end.Challenge; c != nil {
		r.Auth = &lockfile.Auth{Scheme: c.Scheme, Realm: c.Realm, Service: c.Service}
	}
	return r, nil
}

// search is the search of one image.
type search struct {
	ctx       context.Context
	documents *documents
	want      Want
}

func (s *search) image() (lockfile.Image, error) {
	version := s.want.Reference.Tag
	if d := s.want.Reference.Digest; d != "" {
		version = d.String()
	}
	root, err := s.documents.fetch(s.ctx, version)
	if err != nil {
		return lockfile.Image{}, err
	}
	images, err := s.images(root)
	if err != nil {
		return lockfile.Image{}, err
	}
	chosen, err := s.choose(images)
	if err != nil {
		return lockfile.Image{}, err
	}
	image := lockfile.Image{
		Reference: s.want.Reference.String(), Digest: root.Digest, NoShape: s.want.NoShape,
		Platforms: make(map[string]lockfile.Platform),
	}
	for _, c := range chosen {
		if image.Platforms[oci.ShortPlatform(c.Platform)], err = s.complete(c); err != nil {
			return lockfile.Image{}, err
		}
		for _, index := range c.Indexes {
			known := func(d lockfile.Document) bool { return d.Digest == index.Digest }
			if !slices.ContainsFunc(image.Indexes, known) {
				image.Indexes = append(image.Indexes, document(index.Descriptor, index.Text))
			}
		}
	}
	return image, nil
}

// complete returns an image with its documents.
func (s *search) complete(image content.Image) (p lockfile.Platform, err error) {
	data, err := content.ReadAll(s.ctx, s.documents, image.Descriptor)
	if err != nil {
		return p, err
	}
	p.Manifest = document(image.Descriptor, data)
	manifest, err := p.ParseManifest()
	if err != nil {
		return p, fmt.Errorf("%s: manifest %s: %w", s.want.Reference.Name(), p.Manifest.Digest, err)
	}
	if data, err = content.ReadAll(s.ctx, s.documents, manifest.Config); err != nil {
		return p, fmt.Errorf("%s: config: %w", s.want.Reference.Name(), err)
	}
	p.Config = document(manifest.Config, data)
	return p, nil
}

func document(d oci.Descriptor, text []byte) lockfile.Document {
	return lockfile.Document{MediaType: d.MediaType, Digest: d.Digest, Text: text}
}
