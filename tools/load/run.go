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
	"github.com/rules-strata/rules_strata/tools/internal/cli/nameflags"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/remote"
)

// engineVariable is the environment variable that chooses an engine.
const engineVariable = "STRATA_ENGINE"

var command = cli.Command{
	Name:         "load",
	Summary:      "load images into Docker, Podman or containerd, or write them to a file",
	Operands:     "[ARGUMENT...]",
	OperandsLast: true,
	Details: `
The flag --engine selects the engine, then the environment variable STRATA_ENGINE, then --default-engine. "auto" is Docker
if its daemon responds, otherwise Podman. For an index, the image for --platform is loaded, by default the one for the
engine's platform. Layers that the engine has are not sent; layers that are only in a registry are read from there, with
the credentials of "docker login" and "podman login".

--archive writes an archive instead, for "docker load", "podman load" and "ctr images import".

Standard output gets the images' names, one per line, or the path of the archive. If several images are loaded and one
fails, the others are loaded nevertheless.

--run then runs a container of the image, and removes it when it ends. Its streams, its terminal and its exit code are those
of the program. The arguments after the flags are the container's:

    load --run --run-flag=--publish=8080:80 sh -c 'echo "$HOME"'`,
	New: newWork,
}

// settings are the values of the flags.
type settings struct {
	image                 *imageflags.Flags
	names                 *nameflags.Images
	registry              *registryflags.Flags
	engine, defaultEngine string
	namespace             string
	archive               string
	platform              *oci.Platform
	target                string
	run                   bool
	runFlags              cli.Strings
}

func newWork(flags *flag.FlagSet) cli.Work {
	s := settings{
		image: imageflags.Declare(flags), names: nameflags.DeclareImages(flags), registry: registryflags.Declare(flags),
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
	flags.BoolVar(&s.run, "run", false, "run a container of the image after it is loaded")
	flags.Var(&s.runFlags, "run-flag", "`flag` for the engine's \"run\", like --publish=8080:80")
	flags.StringVar(&s.target, "target", "", "`label` of the build's target, for messages")
	return func(ctx context.Context, std cli.Streams) error {
		choice := engine.Choice{
			Name: cmp.Or(s.engine, os.Getenv(engineVariable), s.defaultEngine), Namespace: s.namespace,
		}
		if err := choice.Check(); err != nil {
			return cli.Hint(cli.Usage("%w", err), "the engine is chosen by --engine, %s or the rule", engineVariable)
		}
		if err := s.checkRun(flags); err != nil {
			return err
		}
		return s.explain(s.work(ctx, std, choice, flags))
	}
}

// checkRun rejects flags and arguments that do not fit --run.
func (s *settings) checkRun(flags *flag.FlagSet) error {
	switch {
	case !s.run && flags.NArg() > 0:
		return cli.Hint(cli.Usage("unexpected argument %q", flags.Arg(0)),
			"%s --help lists the flags; with --run, arguments are those of the container", flags.Name())
	case !s.run && len(s.runFlags) > 0:
		return cli.Usage("--run-flag=%s: --run is missing", s.runFlags[0])
	case s.run && s.archive != "":
		return cli.Usage("--run and --archive are both set")
	}
	return nil
}

// explain adds the label of the build's target to an error, and a hint if a file is missing.
func (s *settings) explain(err error) error {
	err = launch.ExplainMissing(err)
	if err != nil && s.target != "" {
		return fmt.Errorf("%s: %w", s.target, err)
	}
	return err
}

func (s *settings) work(ctx context.Context, std cli.Streams, choice engine.Choice, flags *flag.FlagSet) error {
	images, err := s.images(flags)
	if err != nil {
		return err
	}
	if s.archive != "" {
		return writeArchive(ctx, std, s.archive, images)
	}
	if s.run && len(images) > 1 {
		return cli.Hint(cli.Usage("--run: there are %d images to run", len(images)), "run the target of one of them")
	}
	e, err := engine.Find(ctx, choice)
	if err != nil {
		return err
	}
	if err := s.load(ctx, std, e, images); err != nil || !s.run {
		return err
	}
	code, err := e.Run(images[0].Names[0], s.runFlags, flags.Args())
	if err != nil {
		return err
	}
	return cli.Exit(code)
}

// images returns the images of the flags.
func (s *settings) images(flags *flag.FlagSet) ([]engine.Image, error) {
	named, err := s.names.Resolve(s.image.Root)
	if err != nil && !isSet(flags, "root") && !isSet(flags, "image") {
		return nil, launch.Explain(err)
	}
	if err != nil {
		return nil, err
	}
	blobs, err := s.image.Blobs()
	if err != nil {
		return nil, err
	}
	source := content.Multi{blobs.Files, remote.New(s.registry.Client(), blobs.Remote)}
	var images []engine.Image
	for _, image := range named {
		if len(image.Names) == 0 {
			return nil, launch.Explain(cli.Hint(cli.Usage("--name is missing"), "%s --help lists the flags", flags.Name()))
		}
		images = append(images, engine.Image{
			Source: source, Root: image.Root, Platform: s.platform, Names: image.Names,
		})
	}
	return images, nil
}

// isSet reports whether the command line has a flag.
func isSet(flags *flag.FlagSet, name string) bool {
	found := false
	flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// load loads the images, one after another, so that the later ones find the layers of the earlier ones in the engine. With
// several images, it prints the error of each, and goes on.
func (s *settings) load(ctx context.Context, std cli.Streams, e *engine.Engine, images []engine.Image) error {
	failed := 0
	for _, image := range images {
		err := s.loadOne(ctx, std, e, image)
		switch {
		case err == nil:
		case len(images) == 1 || ctx.Err() != nil:
			return err
		default:
			failed++
			cli.Complain(std.Err, "load", s.explain(fmt.Errorf("%s: %w", image.Names[0], err)))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d images failed", failed, len(images))
	}
	return nil
}

// loadOne loads one image. It prints the image's names, unless standard output is that of its container.
func (s *settings) loadOne(ctx context.Context, std cli.Streams, e *engine.Engine, image engine.Image) error {
	err := e.Load(ctx, image, func(p engine.Plan) {
		if p.Refusal != nil {
			cli.Line(std.Err, "%s: loading on top of existing layers failed, sending all layers: %v", e.Name, p.Refusal)
		}
		cli.Line(std.Err, "%s: %s has %d of %d layers, sending %.1f MB",
			p.Image, e.Name, p.Held, p.Layers, float64(p.Bytes)/1e6)
	})
	if err != nil || s.run {
		return err
	}
	for _, name := range image.Names {
		if _, err := fmt.Fprintln(std.Out, name); err != nil {
			return err
		}
	}
	return nil
}
