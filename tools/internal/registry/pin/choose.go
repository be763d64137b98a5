package pin

import (
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// images lists the images that root reaches, each with a platform.
func (s *search) images(root oci.Descriptor) ([]content.Image, error) {
	if !oci.IsIndex(root.MediaType) {
		image, err := s.single(root)
		return []content.Image{image}, err
	}
	images, err := content.ListImages(s.ctx, s.documents, root)
	return slices.DeleteFunc(images, func(i content.Image) bool { return i.Platform.OS == "" }), err
}

// single returns the one image that a reference names without an index. If its config states no platform, it gets the
// requested one.
func (s *search) single(root oci.Descriptor) (content.Image, error) {
	image := content.Image{Descriptor: root}
	documents, err := s.complete(image)
	if err != nil {
		return image, err
	}
	config, err := documents.ParseConfig()
	if err != nil {
		return image, fmt.Errorf("config %s: %w", documents.Config.Digest, err)
	}
	image.Platform = config.Platform()
	if image.Platform.OS != "" && image.Platform.Architecture != "" {
		return image, nil
	}
	if len(s.want.Platforms) != 1 {
		return image, s.lacks(s.want.Platforms, []content.Image{image})
	}
	image.Platform = s.want.Platforms[0]
	return image, nil
}

// choose returns the requested images. The first of several for one platform wins, as with Docker.
func (s *search) choose(images []content.Image) ([]content.Image, error) {
	var chosen []content.Image
	add := func(image content.Image) {
		same := func(other content.Image) bool {
			return oci.ShortPlatform(other.Platform) == oci.ShortPlatform(image.Platform)
		}
		if !slices.ContainsFunc(chosen, same) {
			chosen = append(chosen, image)
		}
	}
	wanted := s.want.Platforms
	switch {
	case s.want.All, len(wanted) == 0 && len(images) == 1:
		for _, image := range images {
			add(image)
		}
	case len(wanted) == 0:
		wanted = Default
	}
	var missing []oci.Platform
	for _, want := range wanted {
		if image, err := content.Choose(images, want); err == nil {
			add(image)
		} else {
			missing = append(missing, want)
		}
	}
	if len(chosen) == 0 || len(missing) > 0 && len(s.want.Platforms) > 0 {
		return nil, s.lacks(missing, images)
	}
	return chosen, nil
}

// lacks returns the error for platforms that none of the images is for.
func (s *search) lacks(missing []oci.Platform, images []content.Image) error {
	return fmt.Errorf("%s: %w", s.want.Reference, &content.PlatformError{Want: missing, Have: content.Platforms(images)})
}
