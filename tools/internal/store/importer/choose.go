package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Choice selects an image of a store. The zero value selects its only image.
type Choice struct {
	// Platform is the image's platform. Nil means any.
	Platform *oci.Platform
	// Name is the image's name or tag in the store, or its digest. Empty means any.
	Name string
}

// candidate is an image of a store that may be chosen.
type candidate struct {
	id       digest.Digest // of the manifest, or of the config if there is no manifest
	names    []string
	platform oci.Platform
	load     func(ctx context.Context) (*Image, error)
}

// isComplete reports whether the store has all blobs of the image. containerd exports whole indexes, but only those of
// their images that it has.
func (c candidate) isComplete(ctx context.Context) bool {
	image, err := c.load(ctx)
	return err == nil && image.eachLayer(ctx, func(d oci.Descriptor) error {
		r, err := image.source.Open(ctx, d)
		if err != nil {
			return err
		}
		return r.Close()
	}) == nil
}

// ChoiceError is returned when a choice matches no image, or several.
type ChoiceError struct {
	Choice Choice
	// Fit describes the images that match the choice, All those of the whole store.
	Fit, All []string
}

// Error implements error.
func (e *ChoiceError) Error() string {
	switch {
	case len(e.Fit) == 0:
		return fmt.Sprintf("no image has %s; available: %s", e.Choice, strings.Join(e.All, ", "))
	case e.Choice == Choice{}:
		return fmt.Sprintf("contains %d images: %s", len(e.Fit), strings.Join(e.Fit, ", "))
	}
	return fmt.Sprintf("%d images have %s: %s", len(e.Fit), e.Choice, strings.Join(e.Fit, ", "))
}

// Choose reads the image that matches the choice. If no image or several match, the error is a *ChoiceError.
func (s *Store) Choose(ctx context.Context, choice Choice) (*Image, error) {
	fit := s.fitting(choice, choice.isNamed)
	if len(fit) == 0 {
		fit = s.fitting(choice, choice.isTag)
	}
	if len(fit) > 1 {
		complete := slices.DeleteFunc(slices.Clone(fit), func(c candidate) bool { return !c.isComplete(ctx) })
		if len(complete) > 0 {
			fit = complete
		}
	}
	if len(fit) != 1 {
		return nil, fmt.Errorf("%s: %w", s.path, &ChoiceError{Choice: choice, Fit: texts(fit), All: texts(s.images)})
	}
	return s.load(ctx, fit[0])
}

func (s *Store) load(ctx context.Context, c candidate) (*Image, error) {
	image, err := c.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.path, c, err)
	}
	image.path = s.path
	return image, nil
}

// fitting returns the images that match the choice, where isName compares the requested name with a name of an image.
func (s *Store) fitting(choice Choice, isName func(name string) bool) []candidate {
	var fit []candidate
	for _, image := range s.images {
		if choice.Platform != nil && !oci.MatchPlatform(*choice.Platform, image.platform) {
			continue
		}
		if choice.Name == "" || choice.Name == image.id.String() || slices.ContainsFunc(image.names, isName) {
			fit = append(fit, image)
		}
	}
	return fit
}

func texts(images []candidate) []string {
	var all []string
	for _, image := range images {
		all = append(all, image.String())
	}
	return all
}

// isNamed reports whether name is equivalent to the requested one: "alpine" is "docker.io/library/alpine:latest".
func (c Choice) isNamed(name string) bool {
	if name == c.Name {
		return true
	}
	have, err := reference.Parse(name)
	want, wantErr := reference.Parse(c.Name)
	return err == nil && wantErr == nil && have == want
}

// isTag reports whether the requested name is the tag of name.
func (c Choice) isTag(name string) bool {
	have, err := reference.Parse(name)
	return err == nil && have.Tag == c.Name
}

// String returns the choice in words.
func (c Choice) String() string {
	var words []string
	if c.Platform != nil {
		words = append(words, "platform "+oci.FormatPlatform(*c.Platform))
	}
	if c.Name != "" {
		words = append(words, fmt.Sprintf("name %q", c.Name))
	}
	return strings.Join(words, " and ")
}

// String returns the image's name for errors.
func (c candidate) String() string {
	// A layout lists an image twice, with its full name and with the tag of that name.
	isKnownTag := func(name string) bool {
		return slices.ContainsFunc(c.names, func(other string) bool { return strings.HasSuffix(other, ":"+name) })
	}
	var names []string
	for _, name := range c.names {
		if !slices.Contains(names, name) && !isKnownTag(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{c.id.String()}
	}
	return strings.Join(names, ", ") + " (" + oci.ShortPlatform(c.platform) + ")"
}
