package content

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// PlatformError is returned when no image is for a platform.
type PlatformError struct {
	// Want are the platforms without an image. Empty means any platform.
	Want []oci.Platform
	// Have are the platforms of the available images.
	Have []oci.Platform
}

// Error implements error.
func (e *PlatformError) Error() string {
	return fmt.Sprintf("no image for %s; available: %s", texts(e.Want, "any platform"), texts(e.Have, "none"))
}

func texts(platforms []oci.Platform, none string) string {
	var all []string
	for _, p := range platforms {
		text := oci.ShortPlatform(p)
		if p.OS == "" || p.Architecture == "" {
			text = "one whose config states no platform"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return none
	}
	return strings.Join(all, ", ")
}

// Choose returns the first image for the platform. The variant that a platform implies takes precedence: linux/arm is v7,
// and another variant only if no image is for v7. The error is a *PlatformError.
func Choose(images []Image, want oci.Platform) (Image, error) {
	matches := func(image Image) bool { return oci.MatchPlatform(want, image.Platform) }
	implied := func(image Image) bool { return matches(image) && oci.Variant(want) == oci.Variant(image.Platform) }
	for _, fits := range []func(Image) bool{implied, matches} {
		if n := slices.IndexFunc(images, fits); n >= 0 {
			return images[n], nil
		}
	}
	return Image{}, &PlatformError{Want: []oci.Platform{want}, Have: Platforms(images)}
}

// Platforms returns the platforms of the images, in their order.
func Platforms(images []Image) []oci.Platform {
	all := make([]oci.Platform, len(images))
	for n, image := range images {
		all[n] = image.Platform
	}
	return all
}
