package main

import (
	"cmp"
	"context"
	"flag"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/facts/provenance"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
	"github.com/rules-strata/rules_strata/tools/internal/registry/sign"
)

// attestFlags state what else is published about an image: signatures and provenance.
type attestFlags struct {
	signers         []sign.Program
	signImages      bool
	builder, source string
}

func (f *attestFlags) declare(flags *flag.FlagSet) {
	cli.Each(flags, "signer", "`program` that signs the image after it was pushed and before its tags are set: a path, or a name in\n"+
		"PATH; it is called as PROGRAM "+sign.Command+" ARGUMENTS, see docs/signing.md",
		func(value string) error {
			f.signers = append(f.signers, sign.Program{Path: value})
			return nil
		})
	cli.Each(flags, "signer-arg", "`argument` for the last --signer before it", func(value string) error {
		if len(f.signers) == 0 {
			return cli.Usage("there is no --signer before it")
		}
		last := &f.signers[len(f.signers)-1]
		last.Args = append(last.Args, value)
		return nil
	})
	flags.BoolVar(&f.signImages, "sign-images", false, "let the signers also sign each image of an index")
	flags.StringVar(&f.builder, "provenance-builder-id", "",
		"`URI` of the platform that runs the build; publishes the image's provenance, unsigned, as a referrer")
	flags.StringVar(&f.source, "provenance-source", "",
		"`URI@COMMIT` of the source code for the provenance; may contain variables of the workspace status")
}

// override adds the signers of other, and replaces the values of f with those set in other.
func (f *attestFlags) override(other attestFlags) {
	f.signers = append(f.signers, other.signers...)
	f.signImages = f.signImages || other.signImages
	f.builder, f.source = cmp.Or(other.builder, f.builder), cmp.Or(other.source, f.source)
}

// programs returns the signers, which write their messages to stderr.
func (f *attestFlags) programs(stderr io.Writer) ([]push.Signer, error) {
	var all []push.Signer
	for _, program := range f.signers {
		env, err := launch.Environment()
		if err != nil {
			return nil, err
		}
		program.Env, program.Stderr = env, stderr
		all = append(all, program)
	}
	return all, nil
}

// addProvenance adds the image's provenance to the task's referrers, if it is wanted.
func (d *destination) addProvenance(ctx context.Context, task *push.Task, image imageflags.Image) error {
	if d.attest.builder == "" {
		return nil
	}
	facts := provenance.Facts{Builder: d.attest.builder, Target: d.target, Repository: task.To, Bases: image.Bases}
	for _, p := range image.Packages {
		facts.Packages = append(facts.Packages, provenance.Package(p))
	}
	var err error
	if facts.Source, err = d.names.Expand("--provenance-source", d.attest.source); err != nil {
		return err
	}
	facts.Subjects = append(facts.Subjects, image.Root.Digest)
	if oci.IsIndex(image.Root.MediaType) {
		images, err := content.ListImages(ctx, task.Source, image.Root)
		if err != nil {
			return err
		}
		for _, each := range images {
			facts.Subjects = append(facts.Subjects, each.Descriptor.Digest)
		}
	}
	statement, blobs, err := facts.Artifact(image.Root)
	if err != nil {
		return cli.Usage("provenance: %w", err)
	}
	task.Referrers = append(task.Referrers, statement)
	task.Source = content.Multi{blobs, task.Source}
	return nil
}
