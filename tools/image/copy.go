package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/place"
	"github.com/rules-strata/rules_strata/tools/internal/registry/push"
)

var copyCommand = cli.Command{
	Name: "copy", Operands: "PLACE TARGET", New: newCopy,
	Summary: "copy an image or an index with all its images, byte for byte",
	Details: `
Blobs that the target has are skipped; within one registry they are mounted. The result goes to standard output, as a place
with its digest.`,
}

// output holds the flags of commands that write an image.
type output struct {
	names *imageflags.Names
	jobs  int
}

func (o *output) declare(flags *flag.FlagSet) {
	o.names = imageflags.DeclareNames(flags)
	flags.IntVar(&o.jobs, "jobs", 4, "`number` of blobs sent to a registry at the same time")
}

func (o *output) check() error {
	if o.jobs < 1 {
		return cli.Usage("--jobs=%d: expected at least 1", o.jobs)
	}
	return nil
}

func newCopy(flags *flag.FlagSet) cli.Work {
	var s settings
	var o output
	s.registry = registryflags.Declare(flags)
	s.declareJSON(flags)
	s.declarePlatform(flags, "`os/arch[/variant]` of the only image to copy from an index")
	o.declare(flags)
	referrers := flags.Bool("referrers", false,
		"also copy the artifacts that refer to the image or to each other, like signatures and SBOMs")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 2, 2)
		if err == nil {
			err = o.check()
		}
		if err != nil {
			return err
		}
		to, err := parseTarget(args[1], std)
		if err != nil {
			return err
		}
		ctx, n := s.start(ctx, std)
		written, err := s.copy(ctx, n, &o, args[0], to, *referrers)
		n.display.Close()
		if err != nil {
			return err
		}
		return s.showWritten(std, to, written)
	}
}

// parseTarget parses a target. An archive must not go to a terminal.
func parseTarget(text string, std cli.Streams) (place.Address, error) {
	to, err := place.ParseTarget(text)
	switch {
	case err != nil:
		return to, cli.Usage("%w", err)
	case to.Path == place.Stdio && progress.Terminal(std.Out) > 0:
		return to, cli.Usage("standard output is a terminal, which an archive must not go to")
	}
	return to, nil
}

// written is an image that was written.
type written struct {
	address place.Address
	root    oci.Descriptor
}

func (s *settings) copy(
	ctx context.Context, n *session, o *output, from string, to place.Address, referrers bool,
) (written, error) {
	p, err := n.open(ctx, from)
	if err != nil {
		return written{}, err
	}
	defer p.Close()
	root, err := p.Root()
	if err != nil {
		return written{}, err
	}
	image := place.Image{Root: root.Descriptor, Source: p.Source}
	if s.platform != nil {
		chosen, _, err := p.Image(ctx, s.platform, nil)
		if err != nil {
			return written{}, err
		}
		image.Root = chosen.Descriptor
	}
	if referrers {
		if image.Referrers, err = p.Referrers(ctx, image.Root); err != nil {
			return written{}, err
		}
	}
	return n.write(ctx, o, p, root, image, to)
}

// write writes an image that comes from a root of a place. Without --name, it keeps its names.
func (n *session) write(
	ctx context.Context, o *output, from *place.Place, root place.Root, image place.Image, to place.Address,
) (written, error) {
	image.Names, image.Tag = place.Names(root.Names)
	if names := []reference.Reference(*o.names); len(names) > 0 {
		if to.Form == place.Registry || to.Name != "" {
			return written{}, cli.Usage("--name: the name is that of the target, %s", to)
		}
		image.Names, image.Tag = names, ""
	}
	if from.Form == place.Registry {
		image.From = from.Reference.Name()
	}
	outcomes := make(map[push.Outcome]int)
	w := place.Writer{
		Client: n.client, Stdout: n.std.Out, Jobs: o.jobs, Progress: func(e push.Event) {
			if e.Tag == "" && !oci.IsDocument(e.Object.MediaType) {
				outcomes[e.Outcome]++
			}
		},
	}
	address, err := w.Write(ctx, to, image)
	if err != nil {
		return written{}, err
	}
	if to.Form == place.Registry {
		cli.Line(n.display, "layers and configs: %d sent, %d mounted, %d already there",
			outcomes[push.Pushed], outcomes[push.Mounted], outcomes[push.Present])
	}
	return written{address, image.Root}, nil
}

// showWritten writes what was written to standard output, or to standard error if that has the archive.
func (s *settings) showWritten(std cli.Streams, to place.Address, w written) error {
	out := std.Out
	if to.Path == place.Stdio {
		out = std.Err
	}
	if s.json {
		return writeJSON(out, struct {
			Place     string        `json:"place"`
			MediaType string        `json:"mediaType"`
			Digest    digest.Digest `json:"digest"`
			Size      int64         `json:"size"`
		}{w.address.String(), w.root.MediaType, w.root.Digest, w.root.Size})
	}
	_, err := fmt.Fprintln(out, w.address)
	return err
}
