package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/bazel"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

var whyCommand = cli.Command{
	Name: "why", Operands: "TARGET PATH...", New: newWhy,
	Summary: "find out which target of a build put a file into an image",
	Details: `
TARGET is a label of an image, an index, or a target of its layers. Bazel writes where the layers' contents come from, and builds
the archives that go into layers, but no layer. The contents of base images are not read. The exit code is 1 if a path is
not found.`,
}

const (
	// aspectVariable has the label of the aspect's file, which "bazel run" sets.
	aspectVariable = "RULES_STRATA_ORIGINS"
	originsGroup   = "strata_origins"
	archivesGroup  = "strata_archives"
)

func newWhy(flags *flag.FlagSet) cli.Work {
	var s settings
	var b bazel.Command
	s.declareJSON(flags)
	s.declarePlatform(flags, platformUsage)
	flags.StringVar(&b.Program, "bazel", "bazel", "`program` that runs Bazel")
	flags.Var((*cli.Strings)(&b.Flags), "bazel-flag", "`flag` of the build, such as --config=ci")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 2, 0)
		if err != nil {
			return err
		}
		b.Err = std.Err
		stack, err := s.stack(ctx, b, args[0])
		if err != nil {
			return err
		}
		var all []origins.Answer
		for _, path := range args[1:] {
			answer, err := stack.Why(path)
			if err != nil {
				return err
			}
			all = append(all, answer)
		}
		if s.json {
			err = writeJSON(std.Out, all)
		} else {
			for _, answer := range all {
				err = cmp.Or(err, origins.Text(std.Out, answer))
			}
		}
		if err == nil && slices.ContainsFunc(all, func(a origins.Answer) bool { return a.Found == nil }) {
			return cli.ErrQuiet
		}
		return err
	}
}

// stack returns the origins of the layers of a target.
func (s *settings) stack(ctx context.Context, b bazel.Command, target string) (*origins.Stack, error) {
	if strings.HasPrefix(target, "-") || strings.Contains(target, "...") {
		return nil, cli.Usage("%q is not the label of one target", target)
	}
	file := cmp.Or(os.Getenv(aspectVariable), "@rules_strata//rules/private:origins.bzl")
	built, err := b.Build(ctx, target, file+"%layer_origins", originsGroup, archivesGroup)
	if err != nil {
		return nil, err
	}
	files := built.Files[originsGroup]
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: not an image, an index or a target of layers", target)
	}
	index, err := origins.ReadIndex(files[0])
	if err != nil {
		return nil, err
	}
	image, err := s.choose(target, index)
	if err != nil {
		return nil, err
	}
	return image.Open(ctx, built.Root, os.TempDir())
}

// choose returns the image for the platform.
func (s *settings) choose(target string, index origins.Index) (origins.Image, error) {
	if len(index) == 1 && s.platform == nil {
		return index[0], nil
	}
	wanted := s.platform
	if wanted == nil {
		wanted = hostPlatform()
	}
	var names []string
	for _, image := range index {
		if p, err := oci.ParsePlatform(image.Platform); err == nil && oci.FormatPlatform(p) == oci.FormatPlatform(*wanted) {
			return image, nil
		}
		names = append(names, cmp.Or(image.Platform, "an unknown platform"))
	}
	return origins.Image{}, cli.Hint(fmt.Errorf("%s: no image for %s", target, oci.FormatPlatform(*wanted)),
		"--platform chooses one for %s", strings.Join(names, ", "))
}
