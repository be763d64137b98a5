package content

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Platform returns the platform of the image whose manifest is d: what d says, or else what the image's config says.
func Platform(ctx context.Context, src Source, d, config oci.Descriptor) (oci.Platform, error) {
	if d.Platform != nil {
		return *d.Platform, nil
	}
	data, err := ReadAll(ctx, src, config)
	if err != nil {
		return oci.Platform{}, err
	}
	var platform oci.ConfigPlatform
	if err := oci.Unmarshal(data, &platform); err != nil {
		return oci.Platform{}, fmt.Errorf("config %s: %w", config.Digest, err)
	}
	return platform.Platform(), nil
}
