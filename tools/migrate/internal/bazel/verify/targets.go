package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
)

// verified is an image to compare, with the label of the archive that rules_docker makes of it, if any.
type verified struct{ image, archive string }

// ofOurs selects the targets of our rules that make images. rules_img has an image_index, too, without the attribute.
const ofOurs = `kind("^image rule$", %[1]s) + attr("images", ".*", kind("^image_index rule$", %[1]s))`

// migrated returns the images that rules of ours make after the changes, and other rules before them.
func migrated(ctx context.Context, before, after bazel.Runner) ([]verified, error) {
	ours, err := after.Query(ctx, fmt.Sprintf(ofOurs, "//..."))
	if err != nil || len(ours) == 0 {
		return nil, err
	}
	var packages []string
	for _, label := range ours {
		dir, _, _ := strings.Cut(label, ":")
		packages = append(packages, dir+":*")
	}
	slices.Sort(packages)
	old, err := before.Query(ctx, fmt.Sprintf(`let all = %s in
		kind(" rule$", $all) - (%s) + filter("\.tar$", kind("generated file", $all))`,
		strings.Join(slices.Compact(packages), " + "), fmt.Sprintf(ofOurs, "$all")))
	if err != nil {
		return nil, err
	}
	var all []verified
	slices.Sort(ours)
	for _, label := range ours {
		if slices.Contains(old, label) {
			v := verified{image: label}
			if slices.Contains(old, label+".tar") {
				v.archive = label + ".tar"
			}
			all = append(all, v)
		}
	}
	return all, nil
}
