package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
)

// Choice says which image of a store is wanted. The zero value is the only one.
type Choice struct {
	// Platform is what the image runs on. Nil is any.
	Platform *oci.Platform
	// Name is a name or a tag that the store gives the image, or its digest. Empty is any.
	Name string
}

// candidate is an image of a store that may be chosen.
type candidate struct {
	id       digest.Digest // of the manifest, or of the config if there is no manifest
	names    []string
	platform oci.Platform
	load     func(ctx context.Context) (*Image, error)
}

// ChoiceError tells that a choice leaves no image, or several.
type ChoiceError struct {
	Choice Choice
	// Fit are the images that fit the choice, in words. All are all images of the store.
	Fit, All []string
}

// Error implements error.
func (e *ChoiceError) Error() string {
	switch {
	case len(e.Fit) == 0:
		return fmt.Sprintf("no image has %s; there are: %s", e.Choice, strings.Join(e.All, ", "))
	case e.Choice == Choice{}:
		return fmt.Sprintf("there are %d images: %s", len(e.Fit), strings.Join(e.Fit, ", "))
	}
	return fmt.Sprintf("%d images have %s: %s", len(e.Fit), e.Choice, strings.Join(e.Fit, ", "))
}

// Choose reads the image that choice fits. If there is none, or there are several, the error is a *ChoiceError.
func (s *Store) Choose(ctx context.Context, choice Choice) (*Image, error) {
	refusal := &ChoiceError{Choice: choice}
	var chosen candidate
	for _, c := range s.images {
		refusal.All = append(refusal.All, c.String())
		if choice.fits(c) {
			refusal.Fit = append(refusal.Fit, c.String())
			chosen = c
		}
	}
	if len(refusal.Fit) != 1 {
		return nil, fmt.Errorf("%s: %w", s.path, refusal)
	}
	image, err := chosen.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.path, chosen, err)
	}
	image.path = s.path
	return image, nil
}

func (c Choice) fits(image candidate) bool {
	if c.Platform != nil && !oci.MatchPlatform(*c.Platform, image.platform) {
		return false
	}
	return c.Name == "" || c.Name == image.id.String() || slices.ContainsFunc(image.names, c.isNamed)
}

// isNamed reports whether name means the same as the wanted one: "alpine" is "docker.io/library/alpine:latest".
func (c Choice) isNamed(name string) bool {
	if name == c.Name {
		return true
	}
	have, err := reference.Parse(name)
	want, wantErr := reference.Parse(c.Name)
	return err == nil && wantErr == nil && have == want
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

// String returns what an error calls the image.
func (c candidate) String() string {
	name := c.id.String()
	if len(c.names) > 0 {
		name = c.names[0]
	}
	return name + " (" + oci.FormatPlatform(c.platform) + ")"
}
