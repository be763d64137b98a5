package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/auth"
	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

var command = cli.Command{
	Name:    "imgcheck",
	Summary: "check everything about an image and list all that is wrong",
	Details: `
Each violation is one line "WHERE: RULE: TEXT" on standard output; the exit code is then 1. If there is none, the only
line is "ok: N manifests, N layers, N entries".

Layers that come from a base which others made need not be sorted, hold every parent, or be in USTAR format;
--lenient-layers says how many of the lowest layers these are. Digests, sizes and compression are checked all the
same.`,
	New: newWork,
}

// settings are the values of the flags.
type settings struct {
	layout, archive, registry string
	insecure, rules           bool
	options                   check.Options
}

func newWork(flags *flag.FlagSet) cli.Work {
	var s settings
	flags.StringVar(&s.layout, "layout", "", "image layout to check, a `directory`")
	flags.StringVar(&s.archive, "archive", "", "archive of an image to check, an uncompressed `tar`")
	flags.StringVar(&s.registry, "registry", "", "`reference` of an image or index in a registry to check")
	flags.BoolVar(&s.insecure, "insecure", false, "accept an unknown certificate, or no TLS at all, of the registry")
	flags.BoolVar(&s.options.FollowSymlinks, "follow-symlinks", false,
		"let the files of the layout be symlinks, as they are in Bazel's sandbox")
	flags.IntVar(&s.options.LenientLayers, "lenient-layers", 0,
		"`number` of lowest layers that come from a base: checked for integrity only")
	flags.Int64Var(&s.options.MaxUncompressed, "max-uncompressed", 0,
		"most `bytes` that a layer may decompress to; 0 stands for 64 GiB")
	flags.BoolVar(&s.rules, "rules", false, "list the rules and exit")
	return func(ctx context.Context, std cli.Streams) error {
		if s.rules {
			return listRules(std.Out)
		}
		if err := s.validate(); err != nil {
			return cli.Hint(err, "imgcheck --help lists the flags")
		}
		report, err := s.check(ctx)
		if err != nil {
			return err
		}
		return show(std.Out, report)
	}
}

func (s *settings) validate() error {
	places := 0
	for _, place := range []string{s.layout, s.archive, s.registry} {
		if place != "" {
			places++
		}
	}
	switch {
	case places != 1:
		return cli.Usage("expected exactly one of --layout, --archive and --registry")
	case s.insecure && s.registry == "":
		return cli.Usage("--insecure is for --registry only")
	case s.options.FollowSymlinks && s.layout == "":
		return cli.Usage("--follow-symlinks is for --layout only")
	case s.options.LenientLayers < 0:
		return cli.Usage("--lenient-layers=%d: expected 0 or more", s.options.LenientLayers)
	case s.options.MaxUncompressed < 0:
		return cli.Usage("--max-uncompressed=%d: expected 0 or more", s.options.MaxUncompressed)
	}
	return nil
}

func (s *settings) check(ctx context.Context) (check.Report, error) {
	switch {
	case s.layout != "":
		return check.Layout(ctx, s.layout, s.options)
	case s.archive != "":
		return check.Archive(ctx, s.archive, s.options)
	}
	ref, err := reference.Parse(s.registry)
	if err != nil {
		return check.Report{}, cli.Usage("--registry: %w", err)
	}
	client := registry.NewClient(registry.Options{Credentials: auth.DefaultStore(), Insecure: s.insecure})
	repository, err := client.Repository(ctx, ref, auth.Pull)
	if err != nil {
		return check.Report{}, err
	}
	version := ref.Tag
	if ref.Digest != "" {
		version = ref.Digest.String()
	}
	root, _, err := repository.Fetch(ctx, version)
	if err != nil {
		return check.Report{}, err
	}
	return check.Image(ctx, repository, root, s.options)
}

// show writes the report. It fails if there are violations.
func show(w io.Writer, report check.Report) error {
	out := bufio.NewWriter(w)
	for _, v := range report.Violations {
		fmt.Fprintf(out, "%s: %s: %s\n", v.Where, v.Rule, v.Text)
	}
	n := len(report.Violations)
	if n == 0 {
		fmt.Fprintf(out, "ok: %d manifests, %d layers, %d entries\n", report.Manifests, report.Layers, report.Entries)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	switch n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("1 violation")
	}
	return fmt.Errorf("%d violations", n)
}

// listRules writes the rules, one a line.
func listRules(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, r := range check.Rules() {
		house := ""
		if r.House {
			house = " (not for lenient layers)"
		}
		fmt.Fprintf(out, "%s: %s%s\n", r.ID, r.Text, house)
	}
	return out.Flush()
}
