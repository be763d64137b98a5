package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

var command = cli.Command{
	Name:    "check",
	Summary: "check everything about an image and list all that is wrong",
	Details: `
Each violation is one line "WHERE: RULE: TEXT" on standard output; the exit code is then 1. If there is none, the only
line is "ok: N manifests, N layers, N entries".

Layers that come from a base which others made need not be sorted, hold every parent, or be in USTAR format;
--lenient-layers says how many of the lowest layers these are. Digests, sizes and compression are checked all the
same. Of an image that comes as --root, --document, --layer and --blobs, as image_test passes it, they are the layers in
--blobs, those whose descriptors name sources in a registry, and archives that became layers unchanged.`,
	New: newWork,
}

// settings are the values of the flags.
type settings struct {
	layout, archive, registry string
	image                     *imageflags.Flags
	digest, target            string
	connection                *registryflags.Flags
	rules                     bool
	lenient                   int
	options                   check.Options
	configs                   []string
	engine                    string
	assert                    string // JSON
	checked, listings         []string
	differences               string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{image: imageflags.Declare(flags), connection: registryflags.Declare(flags)}
	flags.StringVar(&s.layout, "layout", "", "image layout to check, a `directory`")
	flags.StringVar(&s.archive, "archive", "", "archive of an image to check, an uncompressed `tar`")
	flags.StringVar(&s.registry, "registry", "", "`reference` of an image or index in a registry to check")
	flags.BoolVar(&s.options.FollowSymlinks, "follow-symlinks", false,
		"let the files of the layout be symlinks, as they are in Bazel's sandbox")
	flags.StringVar(&s.digest, "digest", "", "`digest` that the image of --root must have")
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	flags.IntVar(&s.lenient, "lenient-layers", 0,
		"`number` of lowest layers that come from a base: checked for integrity only")
	flags.Int64Var(&s.options.MaxUncompressed, "max-uncompressed", 0,
		"most `bytes` that a layer may decompress to; 0 stands for 64 GiB")
	flags.StringVar(&s.assert, "assert", "", "`JSON` object of what the image must have, as the attributes of image_test")
	flags.Var((*cli.Strings)(&s.configs), "config", "`file` of container-structure-test with tests that\n"+
		"the image must pass")
	flags.StringVar(&s.engine, "engine", "", "`engine` that runs the commands of --config: docker or podman (default: none,\n"+
		"commands run in namespaces)")
	flags.Var((*cli.Strings)(&s.checked), "checked", "`file` of mkcheck with the results for layers of the image of --root,\n"+
		"whose blobs are then not read")
	flags.Var((*cli.Strings)(&s.listings), "listing", "`file` of mklisting with the entries of layers, which replaces their\n"+
		"blobs in tests that need no contents")
	flags.StringVar(&s.differences, "differences", "", "`file` that mkdiff wrote: print it, and fail unless it is empty")
	flags.BoolVar(&s.rules, "rules", false, "list the rules and exit")
	return func(ctx context.Context, std cli.Streams) error {
		if s.rules {
			return listRules(std.Out)
		}
		if s.differences != "" {
			return showDifferences(s.differences, std.Out)
		}
		if err := s.validate(); err != nil {
			return cli.Hint(err, "check --help lists the flags")
		}
		err := s.run(ctx, std)
		if err != nil && s.target != "" {
			return fmt.Errorf("%s: %w", s.target, err)
		}
		return err
	}
}

// run checks the image, and then what its author expects of it.
func (s *settings) run(ctx context.Context, std cli.Streams) error {
	expected, err := s.readExpectations()
	if err != nil {
		return err
	}
	report, err := s.check(ctx)
	if err != nil {
		return err
	}
	if err := show(std.Out, report); err != nil || len(expected.files) == 0 && expected.checks == nil {
		return err
	}
	return s.expect(ctx, std, expected)
}

func (s *settings) validate() error {
	places := 0
	for _, place := range []string{s.layout, s.archive, s.registry, s.image.Root} {
		if place != "" {
			places++
		}
	}
	switch {
	case places == 0:
		return launch.Explain(cli.Usage("expected exactly one of --layout, --archive, --registry and --root"))
	case places > 1:
		return cli.Usage("expected exactly one of --layout, --archive, --registry and --root")
	case s.connection.Insecure && s.registry == "":
		return cli.Usage("--insecure is for --registry only")
	case s.options.FollowSymlinks && s.layout == "":
		return cli.Usage("--follow-symlinks is for --layout only")
	case s.digest != "" && s.image.Root == "":
		return cli.Usage("--digest is for --root only")
	case len(s.checked)+len(s.listings) > 0 && s.image.Root == "":
		return cli.Usage("--checked and --listing are for --root only")
	case !slices.Contains([]string{"", "docker", "podman"}, s.engine):
		return cli.Usage("--engine=%s: expected docker or podman", s.engine)
	case s.lenient < 0:
		return cli.Usage("--lenient-layers=%d: expected 0 or more", s.lenient)
	case s.options.MaxUncompressed < 0:
		return cli.Usage("--max-uncompressed=%d: expected 0 or more", s.options.MaxUncompressed)
	}
	return nil
}

func (s *settings) check(ctx context.Context) (check.Report, error) {
	s.options.Lenient = func(place int, _ digest.Digest) bool { return place < s.lenient }
	switch {
	case s.layout != "":
		return check.Layout(ctx, s.layout, s.options)
	case s.archive != "":
		return check.Archive(ctx, s.archive, s.options)
	case s.registry != "":
		return s.checkRegistry(ctx)
	}
	return s.checkImage(ctx)
}

// checkImage checks the image of a build, which consists of files.
func (s *settings) checkImage(ctx context.Context) (check.Report, error) {
	image, err := s.image.Image()
	if err == nil {
		err = image.RequireFiles()
	}
	if err != nil {
		return check.Report{}, err
	}
	if s.digest != "" && s.digest != image.Root.Digest.String() {
		return check.Report{}, cli.Hint(fmt.Errorf("the digest is %s, expected %s", image.Root.Digest, s.digest),
			"if the change is meant, put the new digest into the attribute digest")
	}
	built := image.Built
	for _, path := range s.checked {
		layers, err := readChecked(path)
		if err != nil {
			return check.Report{}, err
		}
		for _, layer := range layers {
			built[layer.Digest] = built[layer.Digest] || !layer.Lenient
		}
		s.options.Layers = append(s.options.Layers, layers...)
	}
	s.options.Lenient = func(_ int, layer digest.Digest) bool { return !built[layer] }
	return check.Image(ctx, image.Files, image.Root, s.options)
}

// readChecked reads the results for some layers.
func readChecked(path string) ([]check.LayerReport, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	layers, err := check.ParseLayers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return layers, nil
}

func (s *settings) checkRegistry(ctx context.Context) (check.Report, error) {
	ref, err := reference.Parse(s.registry)
	if err != nil {
		return check.Report{}, cli.Usage("--registry: %w", err)
	}
	repository, err := s.connection.Client().Repository(ctx, ref, auth.Pull)
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

// show writes the report. It returns an error if there are violations.
func show(w io.Writer, report check.Report) error {
	out := bufio.NewWriter(w)
	for _, v := range report.Violations {
		cli.Line(out, "%s: %s: %s", v.Where, v.Rule, v.Text)
	}
	n := len(report.Violations)
	if n == 0 {
		fmt.Fprintf(out, "ok: %s\n", report.Summary())
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

// listRules writes the rules, one per line.
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
