package main

import (
	"context"
	"flag"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

// destination has the flags of one image and its destination.
type destination struct {
	image  *imageflags.Flags
	names  *nameflags.Flags
	cache  cacheFlags
	attest attestFlags
	target string
	// referrers are files with the descriptors of artifacts.
	referrers cli.Strings
}

func declareDestination(flags *flag.FlagSet) *destination {
	d := &destination{image: imageflags.Declare(flags), names: nameflags.Declare(flags)}
	d.names.DeclareTags()
	d.cache.declare(flags)
	d.attest.declare(flags)
	flags.Var(&d.referrers, "referrer",
		"`file` with the descriptor of an artifact to push with the image, after it and before its tags")
	flags.StringVar(&d.target, "target", "", "`label` of the build's target, for messages")
	return d
}

// readDestinations returns the destinations of the command line: its own image, if it has one, and those of --push.
// The command line's repository, tags, remote cache, signers and provenance apply to the latter too.
func readDestinations(own *destination, files []string) ([]*destination, error) {
	var all []*destination
	if own.image.Root != "" {
		all = append(all, own)
	}
	repository := own.names.Repository
	if n := len(files) + len(all); repository != "" && n > 1 {
		return nil, cli.Hint(cli.Usage("--repository=%s: not allowed with %d images", repository, n),
			"run the target of one of them")
	}
	for _, file := range files {
		d, err := readDestination(file)
		if err != nil {
			return nil, err
		}
		if repository != "" {
			d.names.Repository = repository
		}
		d.names.Tags = append(d.names.Tags, own.names.Tags...)
		d.cache.override(own.cache)
		d.attest.override(own.attest)
		all = append(all, d)
	}
	return all, nil
}

// readDestination reads the arguments of one image from a file that a rule wrote.
func readDestination(file string) (*destination, error) {
	args, err := launch.Lines(file)
	if err != nil {
		return nil, cli.Usage("--push: %w", err)
	}
	flags := flag.NewFlagSet("push", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	d := declareDestination(flags)
	if err := cli.Parse(flags, args); err != nil {
		return nil, cli.Usage("--push=%s: %w", file, err)
	}
	return d, nil
}

// tasks returns the pushes that the flags describe: that of the image, and those of images of an index with tags of their
// own. Signers write their messages to stderr.
func (d *destination) tasks(ctx context.Context, client *registry.Client, stderr io.Writer) ([]push.Task, error) {
	to, err := d.names.ResolveRepository()
	if err != nil {
		return nil, err
	}
	image, err := d.image.Image()
	if err != nil {
		return nil, err
	}
	cache, err := d.cache.open()
	if err != nil {
		return nil, err
	}
	var referrers []oci.Descriptor
	for _, path := range d.referrers {
		referrer, err := wire.ReadDescriptor(path)
		if err != nil {
			return nil, err
		}
		referrers = append(referrers, referrer)
	}
	var source content.Source = content.Multi{image.Files, remote.New(client, image.Remote)}
	if cache != nil {
		source = cache.Behind(source)
	}
	all, err := d.names.ResolveTags(image.Root, func() ([]content.Image, error) {
		return content.ListImages(ctx, image.Files, image.Root)
	})
	if err != nil {
		return nil, err
	}
	var tasks []push.Task
	for _, tagged := range all {
		tasks = append(tasks, push.Task{
			Target: d.target, To: to, Tags: tagged.Tags, Root: tagged.Descriptor, Source: source, Remote: image.Remote,
		})
	}
	first := &tasks[0] // the root's
	first.Referrers, first.SignImages = referrers, d.attest.signImages
	if first.Signers, err = d.attest.programs(stderr); err != nil {
		return nil, err
	}
	return tasks, d.addProvenance(ctx, first, image)
}
