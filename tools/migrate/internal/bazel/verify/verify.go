// Package verify builds images without and with the changes, and compares them.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/model"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/render/change"
)

// Images builds the images of the workspace without and with the changes, compares them, and reports the differences. It
// returns the number of images that differ or cannot be compared. All builds are in copies of the workspace.
func Images(ctx context.Context, w *model.Workspace, program string, changes []change.Change, problems io.Writer) (different int, err error) {
	dir, err := os.MkdirTemp("", "migrate-verify-")
	if err != nil {
		return 0, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return 0, err
	}
	before := bazel.Runner{Program: program, Dir: filepath.Join(dir, "before"), Progress: problems}
	after := bazel.Runner{Program: program, Dir: filepath.Join(dir, "after"), Progress: problems}
	defer func() {
		before.Expunge()
		after.Expunge()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if err := errors.Join(copyTo(before.Dir, w, nil), copyTo(after.Dir, w, changes)); err != nil {
		return 0, err
	}
	labels, err := migrated(ctx, before, after)
	if err != nil || len(labels) == 0 {
		return 0, errors.Join(err, summary(problems, 0, 0))
	}
	image, err := after.Image(ctx)
	if err != nil {
		return 0, err
	}
	var archives, all []string
	for _, l := range labels {
		all = append(all, l.image)
		if l.archive != "" {
			archives = append(archives, l.archive)
		}
	}
	old, err := before.Build(ctx, append(archives, all...), "--keep_going", "--output_groups=+oci_layout")
	if err != nil {
		return 0, err
	}
	ours, err := after.Build(ctx, all, "--keep_going", "--output_groups=oci_layout", "--features=rules_strata_base_blobs")
	if err != nil {
		return 0, err
	}
	for _, l := range labels {
		c := comparison{tool: image, before: place(old[l.image], old[l.archive]), after: place(ours[l.image], bazel.Target{})}
		same, err := c.report(ctx, problems, l.image)
		if err != nil {
			return 0, err
		}
		if !same {
			different++
		}
	}
	return different, summary(problems, len(labels), different)
}

func summary(out io.Writer, all, different int) error {
	_, err := fmt.Fprintf(out, "verify: %d images: %d the same, %d different or not compared\n", all, all-different, different)
	return err
}

// place returns the path of an image: the layout among the outputs of its target, or the archive.
func place(image, archive bazel.Target) string {
	for _, group := range []string{"oci_layout", "default"} {
		for _, file := range image.Groups[group] {
			if image.Success && filepath.Base(file) == "oci-layout" {
				return filepath.Dir(file)
			}
		}
	}
	if files := archive.Groups["default"]; archive.Success && len(files) == 1 {
		return files[0]
	}
	return ""
}
