// Package pin looks up the digests of images that are pulled by a tag.
package pin

import (
	"context"
	"fmt"
	"slices"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
)

// LookUp asks registries for the digests of images.
func LookUp(ctx context.Context, b bazel.Runner, references []string) (map[string]model.Pin, error) {
	image, err := b.Image(ctx)
	if err != nil {
		return nil, fmt.Errorf("--pin: %w", err)
	}
	slices.Sort(references)
	found := map[string]model.Pin{}
	for _, reference := range slices.Compact(references) {
		var roots []bazel.Node
		err := image.Read(ctx, &roots, "inspect", "--json", "docker://"+reference)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			found[reference] = model.Pin{Problem: err.Error()}
		case len(roots) != 1 || !bazel.IsDigest(roots[0].Digest):
			return nil, fmt.Errorf("--pin: %s: the image tool printed no digest", reference)
		default:
			found[reference] = model.Pin{Digest: roots[0].Digest}
		}
	}
	return found, nil
}
