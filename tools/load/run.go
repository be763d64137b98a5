package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/launch"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

// engineVariable is the environment variable that chooses an engine.
const engineVariable = "STRATA_ENGINE"

var command = cli.Command{
	Name:    "load",
	Summary: "hand an image to Docker, Podman or containerd, or write it to a file",
	Details: `
The engine is the one that --engine says, or else the environment variable STRATA_ENGINE, or else --default-engine.
"auto" takes Docker if its daemon answers, and Podman otherwise. Of an index the image for --platform is loaded, or else
the one for the engine's own platform. Layers that the engine holds are not sent.

--archive writes an archive instead, which "docker load", "podman load" and "ctr images import" take.

Standard output gets what can be used next, one a line: the image's names, or the path of the archive.`,
	New: newWork,
}

// settings are the flag values that do not describe the image.
type settings struct {
	engine, defaultEngine string
	namespace             string
	archive               string
	platform              *oci.Platform
	target                string
}

func newWork(flags *flag.FlagSet) cli.Work {
	image := imageflags.Declare(flags)
	names := imageflags.DeclareNames(flags)
	var s settings
	flags.StringVar(&s.engine, "engine", "", "`engine` to load into: docker, podman, containerd or auto")
	flags.StringVar(&s.defaultEngine, "default-engine", engine.Auto,
		"`engine` that the rule wants, if neither --engine nor "+engineVariable+" says more")
	flags.StringVar(&s.namespace, "namespace", "",
		"`namespace` of containerd's (default: $CONTAINERD_NAMESPACE, or else \"default\")")
	flags.StringVar(&s.archive, "archive", "", "`file` to write as an archive, - for standard output; no engine is asked")
	cli.Each(flags, "platform", "`os/arch[/variant]` of the image in an index to load (default: the engine's)",
		func(value string) error {
			p, err := oci.ParsePlatform(value)
			s.platform = &p
			return err
		})
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		if len(*names) == 0 {
			return launch.Explain(cli.Hint(cli.Usage("--name is missing"), "%s --help lists the flags", flags.Name()))
		}
		choice := engine.Choice{
			Name: cmp.Or(s.engine, os.Getenv(engineVariable), s.defaultEngine), Namespace: s.namespace,
		}
		if err := choice.Check(); err != nil {
			return cli.Hint(cli.Usage("%w", err), "the engine is chosen by --engine, %s or the rule", engineVariable)
		}
		made, err := image.Image()
		if err == nil {
			source := content.Multi{made.Files, remoteLayers(made.Remote)}
			err = s.run(ctx, std, choice, engine.Image{Source: source, Root: made.Root, Names: *names})
		}
		if err != nil && s.target != "" {
			return fmt.Errorf("%s: %w", s.target, err)
		}
		return err
	}
}

// remoteLayers returns a source of the layers that only registries hold.
func remoteLayers(layers []content.RemoteLayer) content.Source {
	return remote.New(registry.NewUserClient(false), layers)
}

func (s *settings) run(ctx context.Context, std cli.Streams, choice engine.Choice, image engine.Image) error {
	if s.archive != "" {
		return s.write(ctx, std, image)
	}
	e, err := engine.Find(ctx, choice)
	if errors.Is(err, engine.ErrUnavailable) {
		return cli.Hint(err, "install Docker or Podman and start it (\"systemctl start docker\"), "+
			"or name the one to use with --engine or %s", engineVariable)
	}
	if err != nil {
		return err
	}
	if s.platform != nil || oci.IsIndex(image.Root.MediaType) {
		if image, err = s.selectFor(ctx, e.Platform, image); err != nil {
			return err
		}
	}
	err = e.Load(ctx, image, func(p engine.Plan) {
		cli.Line(std.Err, "%s: %s has %d of %d layers, sending %.1f MB",
			image.Root.Digest, e.Name, p.Held, p.Layers, float64(p.Bytes)/1e6)
	})
	if err != nil {
		if e.Name == "docker" && hasZstd(ctx, image) {
			return cli.Hint(err, "the image has layers packed with zstd, which Docker 20.10 cannot read")
		}
		return err
	}
	for _, name := range image.Names {
		if _, err := fmt.Fprintln(std.Out, name); err != nil {
			return err
		}
	}
	return nil
}

// selectFor returns the image for --platform, or for another platform if there is no such flag.
func (s *settings) selectFor(
	ctx context.Context, other oci.Platform, image engine.Image,
) (engine.Image, error) {
	platform := other
	if s.platform != nil {
		platform = *s.platform
	}
	image, err := image.Select(ctx, platform)
	if mismatch := (*content.PlatformError)(nil); errors.As(err, &mismatch) {
		return image, cli.Hint(err, "--platform chooses one")
	}
	return image, err
}

// hasZstd reports whether a layer of the image is compressed with zstd.
func hasZstd(ctx context.Context, image engine.Image) bool {
	var found bool
	err := content.Walk(ctx, image.Source, image.Root, func(d oci.Descriptor, _ []byte) error {
		packing, err := oci.LayerCompression(d.MediaType)
		found = found || err == nil && packing == oci.Zstd
		return nil
	})
	return err == nil && found
}
