package place

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// choose reduces the roots to those that the address selects.
func (p *Place) choose(ctx context.Context) error {
	if len(p.Roots) == 0 {
		return fmt.Errorf("%s: no image found", p.Path)
	}
	switch {
	case p.Digest != "":
		return p.chooseDigest(ctx)
	case p.Name == "":
		p.Roots = withoutReferrers(p.Roots)
		return nil
	}
	all := p.Roots
	for _, fits := range []func(name string) bool{p.isNamed, p.isTagged} {
		p.Roots = slices.DeleteFunc(slices.Clone(all), func(r Root) bool { return !slices.ContainsFunc(r.Names, fits) })
		if len(p.Roots) > 0 {
			return nil
		}
	}
	return fmt.Errorf("%s: no image has the name %q; available: %s", p.Path, p.Name, list(all))
}

// withoutReferrers returns the roots except artifacts without a name, unless all are such: index.json lists the referrers of an
// image beside it.
func withoutReferrers(roots []Root) []Root {
	images := slices.DeleteFunc(slices.Clone(roots), func(r Root) bool {
		return r.Descriptor.ArtifactType != "" && len(r.Names) == 0
	})
	if len(images) == 0 {
		return roots
	}
	return images
}

// chooseDigest finds an image by its digest, also below an index.
func (p *Place) chooseDigest(ctx context.Context) error {
	for _, root := range p.Roots {
		if root.Descriptor.Digest == p.Digest {
			p.Roots = []Root{root}
			return nil
		}
	}
	for _, root := range p.Roots {
		images, err := content.ListImages(ctx, p.Source, root.Descriptor)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		for _, image := range images {
			if image.Descriptor.Digest == p.Digest {
				p.Roots = []Root{{Descriptor: image.Descriptor}}
				return nil
			}
		}
	}
	return fmt.Errorf("%s: no image has the digest %s; available: %s", p.Path, p.Digest, list(p.Roots))
}

// isNamed reports whether a name means the same as the address's: "alpine" is "docker.io/library/alpine:latest".
func (p *Place) isNamed(name string) bool {
	if name == p.Name {
		return true
	}
	have, err := reference.Parse(name)
	want, wantErr := reference.Parse(p.Name)
	return err == nil && wantErr == nil && have == want
}

// isTagged reports whether the address's name is the tag of name.
func (p *Place) isTagged(name string) bool {
	have, err := reference.Parse(name)
	return err == nil && have.Tag == p.Name
}

// list returns the names of roots, or the digests of those without a name.
func list(roots []Root) string {
	var all []string
	for _, root := range roots {
		if len(root.Names) == 0 {
			all = append(all, root.Descriptor.Digest.String())
		}
		all = append(all, root.Names...)
	}
	return strings.Join(all, ", ")
}

// Root returns the only root of the place. If there are several, the error lists them.
func (p *Place) Root() (Root, error) {
	if len(p.Roots) == 1 {
		return p.Roots[0], nil
	}
	return Root{}, advise(fmt.Errorf("%s: contains %d images: %s", p.Path, len(p.Roots), list(p.Roots)),
		"%s:NAME or %[1]s@DIGEST is one of them", p.Path)
}

// Image returns an image of the place's only root: the one for the platform, or without a platform the only one. Fallback,
// unless nil, is the platform to take without one if there are several images.
func (p *Place) Image(ctx context.Context, platform, fallback *oci.Platform) (content.Image, Root, error) {
	fail := func(err error) (content.Image, Root, error) { return content.Image{}, Root{}, err }
	root, err := p.Root()
	if err != nil {
		return fail(err)
	}
	images, err := content.ListImages(ctx, p.Source, root.Descriptor)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", p, err))
	}
	switch {
	case len(images) == 0:
		return fail(fmt.Errorf("%s: not a container image", p))
	case platform == nil && len(images) == 1:
		return images[0], root, nil
	case platform == nil:
		platform = fallback
	}
	if platform == nil {
		return fail(advise(fmt.Errorf("%s: contains %d images, for %s", p, len(images), platforms(images)),
			"--platform chooses one of them"))
	}
	image, err := content.Choose(images, *platform)
	if err != nil {
		return fail(advise(fmt.Errorf("%s: %w", p, err), "--platform chooses one of them"))
	}
	return image, root, nil
}

// platforms lists the platforms of images, each once.
func platforms(images []content.Image) string {
	var all []string
	for _, p := range content.Platforms(images) {
		if text := oci.ShortPlatform(p); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ", ")
}
