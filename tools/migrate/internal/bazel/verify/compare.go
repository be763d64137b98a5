package verify

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/rules-strata/rules_strata/tools/migrate/internal/bazel"
	"github.com/rules-strata/rules_strata/tools/migrate/internal/report"
)

// differences is the output of "image diff --json", without the digests: those of manifests and layers always differ.
type differences struct {
	Config []difference
	Files  []struct {
		Path, Change string
		Details      []difference
	}
}

// difference is a value that differs. Before or After is nil if only one image has it.
type difference struct {
	Key           string
	Before, After *string
}

func (d difference) String() string {
	switch {
	case d.Before == nil:
		return fmt.Sprintf("%s: only after: %s", d.Key, *d.After)
	case d.After == nil:
		return fmt.Sprintf("%s: only before: %s", d.Key, *d.Before)
	}
	return fmt.Sprintf("%s: %s, after: %s", d.Key, *d.Before, *d.After)
}

// lines returns the differences, and the number of files that differ only in their modification times.
func (d differences) lines() (lines []string, times int) {
	for _, c := range d.Config {
		lines = append(lines, "config "+c.String())
	}
	for _, f := range d.Files {
		switch {
		case f.Change == "removed":
			lines = append(lines, fmt.Sprintf("file %q: only before", f.Path))
		case f.Change == "added":
			lines = append(lines, fmt.Sprintf("file %q: only after", f.Path))
		case !slices.ContainsFunc(f.Details, func(c difference) bool { return c.Key != "time" }):
			times++
		default:
			for _, c := range f.Details {
				lines = append(lines, fmt.Sprintf("file %q: %s", f.Path, c))
			}
		}
	}
	return lines, times
}

// comparison compares an image, or the images of an index, by the places of the two builds.
type comparison struct {
	tool          bazel.Tool
	before, after string
}

// report writes the differences. It returns whether there are none but times.
func (c comparison) report(ctx context.Context, out io.Writer, label string) (same bool, err error) {
	for _, side := range []struct{ name, place string }{{"before", c.before}, {"after", c.after}} {
		if side.place == "" {
			fmt.Fprintf(out, "verify: %s: not compared: there is no image from the build %s the changes; Bazel's message is above\n", report.Line(label), side.name)
			return false, nil
		}
	}
	var lines []string
	times := 0
	pairs, unpaired, err := c.pairs(ctx)
	if err != nil {
		return false, fmt.Errorf("--verify: %s: %w", label, err)
	}
	lines = append(lines, unpaired...)
	for _, pair := range pairs {
		var d differences
		if err := c.tool.Read(ctx, &d, "diff", "--json", c.before+"@"+pair[0].Digest, c.after+"@"+pair[1].Digest); err != nil {
			return false, fmt.Errorf("--verify: %s: %w", label, err)
		}
		found, n := d.lines()
		times += n
		for _, text := range found {
			if len(pairs) > 1 {
				text = pair[0].Platform + ": " + text
			}
			lines = append(lines, text)
		}
	}
	verdict := "the same"
	if len(lines) > 0 {
		verdict = "different"
	}
	if times > 0 {
		verdict += fmt.Sprintf(", and %d modification times differ", times)
	}
	fmt.Fprintf(out, "verify: %s: %s\n", report.Line(label), verdict)
	for _, text := range lines {
		fmt.Fprintf(out, "  %s\n", report.Line(text))
	}
	return len(lines) == 0, nil
}

// pairs returns the images to compare: those for the same platform, or the only ones. The others are differences.
func (c comparison) pairs(ctx context.Context) (pairs [][2]bazel.Node, unpaired []string, err error) {
	var roots [2][]bazel.Node
	for i, place := range []string{c.before, c.after} {
		if err := c.tool.Read(ctx, &roots[i], "inspect", "--json", place); err != nil {
			return nil, nil, err
		}
		roots[i] = bazel.Images(roots[i])
	}
	before, after := roots[0], roots[1]
	if len(before) == 1 && len(after) == 1 {
		return [][2]bazel.Node{{before[0], after[0]}}, nil, nil
	}
	for _, b := range before {
		i := slices.IndexFunc(after, func(a bazel.Node) bool { return a.Platform == b.Platform })
		if i < 0 {
			unpaired = append(unpaired, "image for "+b.Platform+": only before")
			continue
		}
		pairs = append(pairs, [2]bazel.Node{b, after[i]})
		after = slices.Delete(after, i, i+1)
	}
	for _, a := range after {
		unpaired = append(unpaired, "image for "+a.Platform+": only after")
	}
	return pairs, unpaired, nil
}
