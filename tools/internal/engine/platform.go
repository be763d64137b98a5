package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// PlatformError tells that an image is not to be had for a platform.
type PlatformError struct {
	// Want is the platform that was asked for.
	Want oci.Platform
	// Have are the platforms that there are.
	Have []oci.Platform
}

// Error implements error.
func (e *PlatformError) Error() string {
	have := make([]string, len(e.Have))
	for i, platform := range e.Have {
		have[i] = oci.FormatPlatform(platform)
	}
	return fmt.Sprintf("no image for %s, there are: %s", oci.FormatPlatform(e.Want), strings.Join(have, ", "))
}

// Select returns the image to load: out of an index the first one for the platform. It fails with a *PlatformError if
// there is none; an image that stands alone must be for the platform, too.
func (i Image) Select(ctx context.Context, want oci.Platform) (Image, error) {
	mismatch := &PlatformError{Want: want}
	var found *oci.Descriptor
	err := content.Walk(ctx, i.Source, i.Root, func(d oci.Descriptor, document []byte) error {
		if found != nil || !oci.IsManifest(d.MediaType) {
			return nil
		}
		var manifest oci.Manifest
		if err := oci.Unmarshal(document, &manifest); err != nil {
			return fmt.Errorf("%s: %w", d.Digest, err)
		}
		if oci.OCIMediaType(manifest.Config.MediaType) != oci.MediaTypeConfig {
			return nil // an artifact
		}
		platform, err := content.Platform(ctx, i.Source, d, manifest.Config)
		if err != nil {
			return err
		}
		if oci.MatchPlatform(want, platform) {
			found = &d
		}
		if platform.OS == "unknown" {
			return nil // BuildKit's attestations look like images, but for this
		}
		if !slices.ContainsFunc(mismatch.Have, func(p oci.Platform) bool {
			return oci.FormatPlatform(p) == oci.FormatPlatform(platform)
		}) {
			mismatch.Have = append(mismatch.Have, platform)
		}
		return nil
	})
	if err != nil {
		return Image{}, err
	}
	if found == nil {
		return Image{}, fmt.Errorf("%s: %w", i.Root.Digest, mismatch)
	}
	i.Root = *found
	return i, nil
}
