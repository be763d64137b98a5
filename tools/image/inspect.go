package main

import (
	"context"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/facts/outline"
)

var inspectCommand = cli.Command{
	Name: "inspect", Operands: "PLACE", New: newInspect,
	Summary: "show index, manifests, configs and layers as a tree",
	Details: `
Without --platform, everything at the place is shown, all images of an index included. No layer is read. A document that the
place does not have is marked "not here".`,
}

func newInspect(flags *flag.FlagSet) cli.Work {
	var s settings
	s.registry = registryflags.Declare(flags)
	s.declareJSON(flags)
	s.declarePlatform(flags, "`os/arch[/variant]` of the only image to show")
	return func(ctx context.Context, std cli.Streams) error {
		args, err := operands(flags, 1, 1)
		if err != nil {
			return err
		}
		ctx, n := s.start(ctx, std)
		nodes, err := s.outlines(ctx, n, args[0])
		n.display.Close()
		if err != nil {
			return err
		}
		if s.json {
			return writeJSON(std.Out, nodes)
		}
		for _, node := range nodes {
			if err := outline.Text(std.Out, node); err != nil {
				return err
			}
		}
		return nil
	}
}

// outlines returns the outline of each root, or of the image for the platform.
func (s *settings) outlines(ctx context.Context, n *session, text string) ([]*outline.Node, error) {
	p, err := n.open(ctx, text)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if s.platform != nil {
		image, _, err := p.Image(ctx, s.platform, nil)
		if err != nil {
			return nil, err
		}
		node, err := outline.Of(ctx, p.Source, image.Descriptor)
		return []*outline.Node{node}, err
	}
	var all []*outline.Node
	for _, root := range p.Roots {
		node, err := outline.Of(ctx, p.Source, root.Descriptor)
		if err != nil {
			return nil, err
		}
		node.Names = root.Names
		all = append(all, node)
	}
	return all, nil
}
