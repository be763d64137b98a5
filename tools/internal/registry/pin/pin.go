// Package pin finds out what a lock file holds: which manifests an image reference leads to, and how its registry is
// spoken to.
//
// It follows indexes that hold indexes, learns a platform that no index states from the image's config, and passes over
// what is no image (attestations, signatures, other artifacts). Only documents are read; layers are by [Shapes] alone.
//
// Non-goals: the form of the lock file (package lockfile), deciding when to pin.
package pin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// Default are the platforms that are pinned of an index where nothing else is asked for, as far as it has them.
var Default = []oci.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}

// Want says what is to be pinned.
type Want struct {
	// Reference is the image's name. A digest in it wins over a tag.
	Reference reference.Reference
	// Mirrors are repositories that hold the same blobs.
	Mirrors []reference.Reference
	// Platforms are the platforms to pin. None means Default, or the one platform that the image has.
	Platforms []oci.Platform
	// All means every platform of the index.
	All bool
}

// PlatformError tells that an image lacks platforms that are wanted.
type PlatformError struct {
	// Image is the image's full name.
	Image string
	// Missing are the platforms that it lacks, Known those that it has, both in the form of oci.FormatPlatform.
	Missing, Known []string
}

// Error implements error.
func (e *PlatformError) Error() string {
	return fmt.Sprintf("%s: no image for %s; there is %s",
		e.Image, strings.Join(e.Missing, ", "), strings.Join(e.Known, ", "))
}

// Image asks the registry for an image, and the registries of image and mirrors how they are spoken to.
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
	s := &search{ctx: ctx, repository: repository, want: want}
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

// Registry asks the registry that ref names how it is spoken to.
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

// search is one image that is being looked into.
type search struct {
	ctx        context.Context
	repository *registry.Repository
	want       Want
	found      []*candidate // in the order of the indexes
	asked      int          // how many entries of indexes had to be looked into
}

func (s *search) image() (lockfile.Image, error) {
	version := s.want.Reference.Tag
	if d := s.want.Reference.Digest; d != "" {
		version = d.String()
	}
	root, data, err := s.repository.Fetch(s.ctx, version)
	if err != nil {
		return lockfile.Image{}, err
	}
	image := lockfile.Image{
		Reference: s.want.Reference.String(), Digest: root.Digest, Platforms: make(map[string]lockfile.Platform),
	}
	document := lockfile.Document{MediaType: root.MediaType, Digest: root.Digest, Text: data}
	if oci.IsIndex(root.MediaType) {
		err = s.index(document, nil)
	} else {
		err = s.single(document)
	}
	if err != nil {
		return lockfile.Image{}, err
	}
	chosen, err := s.choose()
	if err != nil {
		return lockfile.Image{}, err
	}
	for _, c := range chosen {
		if err := s.complete(c); err != nil {
			return lockfile.Image{}, err
		}
		image.Platforms[name(c.platform)] = c.image
		for _, index := range c.indexes {
			known := func(d lockfile.Document) bool { return d.Digest == index.Digest }
			if !slices.ContainsFunc(image.Indexes, known) {
				image.Indexes = append(image.Indexes, index)
			}
		}
	}
	return image, nil
}

// document fetches a manifest or an index that an index names.
func (s *search) document(d oci.Descriptor) (lockfile.Document, error) {
	if err := content.Validate(d); err != nil {
		return lockfile.Document{}, err
	}
	got, data, err := s.repository.Fetch(s.ctx, d.Digest.String())
	return lockfile.Document{MediaType: got.MediaType, Digest: got.Digest, Text: data}, err
}

// complete fetches what is not there yet of an image.
func (s *search) complete(c *candidate) error {
	if c.image.Manifest.Text == nil {
		var err error
		if c.image.Manifest, err = s.document(c.descriptor); err != nil {
			return err
		}
	}
	if c.image.Config.Text != nil {
		return nil
	}
	manifest, err := c.image.ParseManifest()
	if err != nil {
		return fmt.Errorf("%s: manifest %s: %w", s.want.Reference.Name(), c.image.Manifest.Digest, err)
	}
	data, err := content.ReadAll(s.ctx, s.repository, manifest.Config)
	if err != nil {
		return fmt.Errorf("%s: config: %w", s.want.Reference.Name(), err)
	}
	c.image.Config = lockfile.Document{
		MediaType: manifest.Config.MediaType, Digest: manifest.Config.Digest, Text: data,
	}
	return nil
}
