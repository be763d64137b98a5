package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// verify builds the images of the workspace without and with the changes, compares them, and reports the differences. It
// returns the number of images that differ or cannot be compared. All builds are in copies of the workspace.
func (w *workspace) verify(ctx context.Context, program string, changes []change, problems io.Writer) (different int, err error) {
	dir, err := os.MkdirTemp("", "migrate-verify-")
	if err != nil {
		return 0, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return 0, err
	}
	before := bazel{program: program, dir: filepath.Join(dir, "before"), progress: problems}
	after := bazel{program: program, dir: filepath.Join(dir, "after"), progress: problems}
	defer func() {
		before.expunge()
		after.expunge()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if err := errors.Join(w.copyTo(before.dir, nil), w.copyTo(after.dir, changes)); err != nil {
		return 0, err
	}
	labels, err := migrated(ctx, before, after)
	if err != nil || len(labels) == 0 {
		return 0, errors.Join(err, report(problems, 0, 0))
	}
	image, err := after.image(ctx)
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
	old, err := before.build(ctx, append(archives, all...), "--keep_going", "--output_groups=+oci_layout")
	if err != nil {
		return 0, err
	}
	ours, err := after.build(ctx, all, "--keep_going", "--output_groups=oci_layout", "--features=rules_strata_base_blobs")
	if err != nil {
		return 0, err
	}
	for _, l := range labels {
		c := comparison{tool: image, before: place(old[l.image], old[l.archive]), after: place(ours[l.image], built{})}
		same, err := c.report(ctx, problems, l.image)
		if err != nil {
			return 0, err
		}
		if !same {
			different++
		}
	}
	return different, report(problems, len(labels), different)
}

func report(out io.Writer, all, different int) error {
	_, err := fmt.Fprintf(out, "verify: %d images: %d the same, %d different or not compared\n", all, all-different, different)
	return err
}

// expunge removes what Bazel has written for the workspace, and stops its server.
func (b bazel) expunge() {
	if _, err := os.Stat(b.dir); err == nil {
		b.progress = io.Discard
		_, _ = b.run(context.Background(), "clean", "--expunge")
	}
}

// verified is an image to compare, with the label of the archive that rules_docker makes of it, if any.
type verified struct{ image, archive string }

// ofOurs selects the targets of our rules that make images. rules_img has an image_index, too, without the attribute.
const ofOurs = `kind("^image rule$", %[1]s) + attr("images", ".*", kind("^image_index rule$", %[1]s))`

// migrated returns the images that rules of ours make after the changes, and other rules before them.
func migrated(ctx context.Context, before, after bazel) ([]verified, error) {
	ours, err := after.query(ctx, fmt.Sprintf(ofOurs, "//..."))
	if err != nil || len(ours) == 0 {
		return nil, err
	}
	var packages []string
	for _, label := range ours {
		dir, _, _ := strings.Cut(label, ":")
		packages = append(packages, dir+":*")
	}
	slices.Sort(packages)
	old, err := before.query(ctx, fmt.Sprintf(`let all = %s in
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

// query returns the labels that a query selects. It leaves out packages with errors, which Bazel prints.
func (b bazel) query(ctx context.Context, expression string) ([]string, error) {
	out, err := b.run(ctx, "query", "--keep_going", "--output=label", expression)
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != partial) {
		return nil, fmt.Errorf("%s query in a copy of the workspace: %w; Bazel's message is above", b.program, err)
	}
	labels := strings.Fields(string(out))
	for i, label := range labels {
		labels[i] = canonical(label)
	}
	return labels, nil
}

// partial is Bazel's exit code for a query that had errors in some packages.
const partial = 3

// place returns the path of an image: the layout among the outputs of its target, or the archive.
func place(image, archive built) string {
	for _, group := range []string{"oci_layout", "default"} {
		for _, file := range image.groups[group] {
			if image.success && filepath.Base(file) == "oci-layout" {
				return filepath.Dir(file)
			}
		}
	}
	if files := archive.groups["default"]; archive.success && len(files) == 1 {
		return files[0]
	}
	return ""
}
