package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/place"
)

var validateCommand = cli.Command{
	Name: "validate", Operands: "PLACE", New: newValidate,
	Summary: "check everything about an image and list all violations of the OCI specifications",
	Details: `
Each violation is one line "WHERE: RULE: TEXT" on standard output; the exit code is then 1. If there is none, the only
line is "ok: N manifests, N layers, N entries". Every layer is read. A whole layout or archive is checked as such;
images that a NAME, a DIGEST or --platform selects, and those of "docker save", are checked alone.`,
}

func newValidate(flags *flag.FlagSet) cli.Work {
	var s settings
	var strict bool
	s.registry = registryflags.Declare(flags)
	s.declareJSON(flags)
	s.declarePlatform(flags, "`os/arch[/variant]` of the only image to check")
	flags.BoolVar(&strict, "strict", false, "apply this project's own rules, too: entries of layers are sorted, documents have a mediaType")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 1, 1)
		if err != nil {
			return err
		}
		options := check.Options{
			Lenient: func(int, digest.Digest) bool { return !strict }, OptionalMediaType: !strict,
		}
		ctx, n := s.start(ctx, std)
		report, err := s.validate(ctx, n, args[0], options)
		n.display.Close()
		if err != nil {
			return err
		}
		if s.json {
			return showReportJSON(std.Out, report)
		}
		return showReport(std.Out, report)
	}
}

func (s *settings) validate(ctx context.Context, n *session, text string, options check.Options) (check.Report, error) {
	var total check.Report
	p, err := n.open(ctx, text)
	if err != nil {
		return total, err
	}
	defer p.Close()
	roots := p.Roots
	whole := p.Name == "" && p.Digest == "" && s.platform == nil
	switch {
	case whole && p.Form == place.Layout:
		return check.Layout(ctx, p.Path, options)
	case whole && p.OCIArchive != "":
		return check.Archive(ctx, p.OCIArchive, options)
	case s.platform != nil:
		image, _, err := p.Image(ctx, s.platform, nil)
		if err != nil {
			return total, err
		}
		roots = []place.Root{{Descriptor: image.Descriptor}}
	}
	for _, root := range roots {
		report, err := check.Image(ctx, p.Source, root.Descriptor, options)
		if err != nil {
			return total, err
		}
		total.Violations = append(total.Violations, report.Violations...)
		total.Manifests += report.Manifests
		total.Layers += report.Layers
		total.Entries += report.Entries
		total.Files += report.Files
	}
	return total, nil
}

// showReport writes the report. The error says how many violations there are.
func showReport(w io.Writer, report check.Report) error {
	out := bufio.NewWriter(w)
	for _, v := range report.Violations {
		cli.Line(out, "%s: %s: %s", v.Where, v.Rule, v.Text)
	}
	if len(report.Violations) == 0 {
		fmt.Fprintf(out, "ok: %s\n", report.Summary())
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return count(report)
}

func count(report check.Report) error {
	switch n := len(report.Violations); n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("1 violation")
	default:
		return fmt.Errorf("%d violations", n)
	}
}

func showReportJSON(w io.Writer, report check.Report) error {
	type violation struct {
		Where string `json:"where"`
		Rule  string `json:"rule"`
		Text  string `json:"text"`
	}
	all := []violation{}
	for _, v := range report.Violations {
		all = append(all, violation{v.Where, v.Rule, v.Text})
	}
	err := writeJSON(w, struct {
		Manifests  int         `json:"manifests"`
		Layers     int         `json:"layers"`
		Entries    int         `json:"entries"`
		Files      int         `json:"files,omitempty"`
		Violations []violation `json:"violations"`
	}{report.Manifests, report.Layers, report.Entries, report.Files, all})
	if err != nil {
		return err
	}
	return count(report)
}
