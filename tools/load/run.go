package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/imageflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// engineVariable is the environment variable that chooses an engine.
const engineVariable = "STRATA_ENGINE"

var command = cli.Command{
	Name:    "load",
	Summary: "hand an image to Docker or Podman",
	Details: `
The engine is the one that --engine says, or else the environment variable STRATA_ENGINE, or else --default-engine.
"auto" takes Docker if its daemon answers, and Podman otherwise. Of an index the image for --platform is loaded, or else
the one for the engine's own platform.

Standard output gets the engine's own line, then one with name and manifest digest for each name.`,
	New: newWork,
}

// settings are the values of the flags that are not the image's.
type settings struct {
	engine, defaultEngine string
	platform              *oci.Platform
	target                string
}

func newWork(flags *flag.FlagSet) cli.Work {
	image := imageflags.Declare(flags)
	names := imageflags.DeclareNames(flags)
	var s settings
	flags.StringVar(&s.engine, "engine", "", "`engine` to load into: docker, podman or auto")
	flags.StringVar(&s.defaultEngine, "default-engine", engine.Auto,
		"`engine` that the rule wants, if neither --engine nor "+engineVariable+" says more")
	cli.Each(flags, "platform", "`os/arch[/variant]` of the image in an index to load (default: the engine's)",
		func(value string) error {
			p, err := oci.ParsePlatform(value)
			s.platform = &p
			return err
		})
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		name := cmp.Or(s.engine, os.Getenv(engineVariable), s.defaultEngine)
		if err := engine.Check(name); err != nil {
			return cli.Hint(cli.Usage("%w", err), "the engine is chosen by --engine, %s or the rule", engineVariable)
		}
		root, source, err := image.Image()
		if err == nil {
			err = s.run(ctx, std.Out, name, engine.Image{Source: source, Root: root, Names: *names})
		}
		if err != nil && s.target != "" {
			return fmt.Errorf("%s: %w", s.target, err)
		}
		return err
	}
}

func (s *settings) run(ctx context.Context, out io.Writer, name string, image engine.Image) error {
	e, err := engine.Find(ctx, name)
	if errors.Is(err, engine.ErrUnavailable) {
		return cli.Hint(err, "install Docker or Podman and start it (\"systemctl start docker\"), "+
			"or name the one to use with --engine or %s", engineVariable)
	}
	if err != nil {
		return err
	}
	platform := e.Platform
	if s.platform != nil {
		platform = *s.platform
	}
	if s.platform != nil || oci.IsIndex(image.Root.MediaType) {
		image, err = image.Select(ctx, platform)
		if mismatch := (*engine.PlatformError)(nil); errors.As(err, &mismatch) {
			return cli.Hint(err, "--platform chooses one")
		}
		if err != nil {
			return err
		}
	}
	if err := e.Load(ctx, out, image); err != nil {
		if e.Name == "docker" && hasZstd(ctx, image) {
			return cli.Hint(err, "the image has layers packed with zstd, which Docker 20.10 cannot read")
		}
		return err
	}
	for _, name := range image.Names {
		if _, err := fmt.Fprintf(out, "%s %s\n", name, image.Root.Digest); err != nil {
			return err
		}
	}
	if len(image.Names) == 0 {
		_, err = fmt.Fprintln(out, image.Root.Digest)
	}
	return err
}

// hasZstd reports whether a layer of the image is packed with zstd.
func hasZstd(ctx context.Context, image engine.Image) bool {
	var found bool
	err := content.Walk(ctx, image.Source, image.Root, func(d oci.Descriptor, _ []byte) error {
		packing, err := oci.LayerCompression(d.MediaType)
		found = found || err == nil && packing == oci.Zstd
		return nil
	})
	return err == nil && found
}
