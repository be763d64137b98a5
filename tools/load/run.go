package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

// engineVariable is the environment variable that chooses an engine.
const engineVariable = "STRATA_ENGINE"

var command = cli.Command{
	Name:    "load",
	Summary: "load an image into Docker, Podman or containerd, or write it to a file",
	Details: `
The flag --engine selects the engine, then the environment variable STRATA_ENGINE, then --default-engine. "auto" is Docker
if its daemon responds, otherwise Podman. For an index, the image for --platform is loaded, by default the one for the
engine's platform. Layers that the engine has are not sent; layers that are only in a registry are read from there, with
the credentials of "docker login" and "podman login".

--archive writes an archive instead, for "docker load", "podman load" and "ctr images import".

Standard output gets the image's names, one per line, or the path of the archive.`,
	New: newWork,
}

// settings are the values of the flags.
type settings struct {
	image                 *imageflags.Flags
	names                 *imageflags.Names
	registry              *registryflags.Flags
	engine, defaultEngine string
	namespace             string
	archive               string
	platform              *oci.Platform
	target                string
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{
		image: imageflags.Declare(flags), names: imageflags.DeclareNames(flags), registry: registryflags.Declare(flags),
	}
	flags.StringVar(&s.engine, "engine", "", "`engine` to load into: docker, podman, containerd or auto")
	flags.StringVar(&s.defaultEngine, "default-engine", engine.Auto,
		"`engine` of the rule, used if neither --engine nor "+engineVariable+" is set")
	flags.StringVar(&s.namespace, "namespace", "",
		"`namespace` in containerd (default: $CONTAINERD_NAMESPACE, or else \"default\")")
	flags.StringVar(&s.archive, "archive", "", "`file` to write as an archive, - for standard output; no engine is used")
	cli.Each(flags, "platform", "`os/arch[/variant]` of the image in an index to load (default: the engine's)",
		func(value string) error {
			p, err := oci.ParsePlatform(value)
			s.platform = &p
			return err
		})
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		if len(*s.names) == 0 {
			return launch.Explain(cli.Hint(cli.Usage("--name is missing"), "%s --help lists the flags", flags.Name()))
		}
		choice := engine.Choice{
			Name: cmp.Or(s.engine, os.Getenv(engineVariable), s.defaultEngine), Namespace: s.namespace,
		}
		if err := choice.Check(); err != nil {
			return cli.Hint(cli.Usage("%w", err), "the engine is chosen by --engine, %s or the rule", engineVariable)
		}
		err := s.run(ctx, std, choice)
		if err != nil && s.target != "" {
			return fmt.Errorf("%s: %w", s.target, err)
		}
		return err
	}
}

func (s *settings) run(ctx context.Context, std cli.Streams, choice engine.Choice) error {
	made, err := s.image.Image()
	if err != nil {
		return err
	}
	image := engine.Image{
		Source: content.Multi{made.Files, remote.New(s.registry.Client(), made.Remote)},
		Root:   made.Root, Platform: s.platform, Names: *s.names,
	}
	if s.archive != "" {
		return writeArchive(ctx, std, s.archive, image)
	}
	e, err := engine.Find(ctx, choice)
	if err != nil {
		return err
	}
	err = e.Load(ctx, image, func(p engine.Plan) {
		if p.Refusal != nil {
			cli.Line(std.Err, "%s: loading on top of existing layers failed, sending all layers: %v", e.Name, p.Refusal)
		}
		cli.Line(std.Err, "%s: %s has %d of %d layers, sending %.1f MB",
			p.Image, e.Name, p.Held, p.Layers, float64(p.Bytes)/1e6)
	})
	if err != nil {
		return err
	}
	for _, name := range image.Names {
		if _, err := fmt.Fprintln(std.Out, name); err != nil {
			return err
		}
	}
	return nil
}
