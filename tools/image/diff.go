package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
)

var diffCommand = cli.Command{
	Name: "diff", Operands: "PLACE PLACE", New: newDiff,
	Summary: "list the differences between two images",
	Details: `
One difference a line: "+" is only in the second image, "-" only in the first, "~" differs. Compared are the digests, the
configs without their histories, the annotations, the layers, and the merged file systems with contents and metadata. A file
with the content of one that is gone has moved. The exit code is 0 if the images are the same, 1 if
they differ, and 2 if they cannot be compared.`,
}

func newDiff(flags *flag.FlagSet) cli.Work {
	var s settings
	s.registry = registryflags.Declare(flags)
	var ignore cli.Strings
	s.declareJSON(flags)
	flags.Var(&ignore, "ignore", "`difference` to leave out: annotations, config, layers, mode, mtime, owner or xattrs. The digests\n"+
		"are then left out, too")
	s.declarePlatform(flags, "`os/arch[/variant]` of the images to take from indexes")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 2, 2)
		if err != nil {
			return err
		}
		ctx, n := s.start(ctx, std)
		report, err := s.diff(ctx, n, args[0], args[1])
		n.display.Close()
		if err != nil {
			return cli.Usage("%w", err) // the exit code for a difference is that of other failures
		}
		if report, err = report.Without(ignore...); err != nil {
			return cli.Usage("--ignore: %w", err)
		}
		if s.json {
			err = writeJSON(std.Out, report)
		} else {
			err = difference.Text(std.Out, report)
		}
		if err == nil && !report.IsEmpty() {
			return cli.ErrQuiet
		}
		return err
	}
}

func (s *settings) diff(ctx context.Context, n *session, before, after string) (difference.Report, error) {
	var sides []difference.Side
	for _, text := range []string{before, after} {
		p, image, err := n.openImage(ctx, text, s.platform)
		if err != nil {
			return difference.Report{}, err
		}
		defer p.Close()
		sides = append(sides, difference.Side{Source: p.Source, Manifest: image.Descriptor})
	}
	report, err := difference.Of(ctx, sides[0], sides[1])
	if err != nil {
		err = fmt.Errorf("%s, %s: %w", before, after, err)
	}
	return report, err
}
