package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"runtime"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/progress"
	"github.com/rules-strata/rules_strata/tools/internal/cli/registryflags"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/place"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

const places = `
A PLACE is
  PATH               an image layout (a directory) or an archive (OCI, docker save, podman save; compressed or not),
                     or the NAME.manifest.json of a build, which has no layers
  PATH:NAME          the image of that name or tag there, if there are several
  PATH@DIGEST        the image with that digest there, also within an index
  REFERENCE          REGISTRY/REPOSITORY[:TAG][@DIGEST], or a name on Docker Hub such as alpine:3
  -                  an archive on standard input or output
A path that exists wins. Where that is not meant, state the form: docker://REFERENCE, oci:DIRECTORY[:NAME],
oci-archive:FILE[:NAME] or docker-archive:FILE[:NAME].

A target that does not exist is an archive if it ends in .tar, a layout if it starts with "/", "./" or "../" or ends in
"/", and a reference if it begins with the name of a registry: docker.io/me/app, localhost:5000/app. An archive suits
Docker and Podman, whatever its prefix. An image is added to a layout that exists.

Commands that read one image of an index take the one for linux on this machine's architecture, unless --platform states
another. Credentials are those of "docker login" and "podman login". A registry on this machine may do without TLS.`

// command returns the tool.
func command() cli.Group {
	g := cli.Group{
		Name:    "image",
		Summary: "look into images, change them and copy them, in registries, layouts and archives",
		Details: places,
	}
	g.Commands = []cli.Command{
		inspectCommand, lsCommand, catCommand, exportCommand, diffCommand, whyCommand, editCommand, copyCommand,
		validateCommand,
		completionCommand(func() cli.Group { return g }),
	}
	return g
}

// settings are the values of the flags that commands share.
type settings struct {
	registry *registryflags.Flags
	platform *oci.Platform
	json     bool
}

func (s *settings) declarePlatform(flags *flag.FlagSet, usage string) {
	flags.Func("platform", usage, func(text string) error {
		p, err := oci.ParsePlatform(text)
		s.platform = &p
		return err
	})
}

func (s *settings) declareJSON(flags *flag.FlagSet) {
	flags.BoolVar(&s.json, "json", false, "write JSON to standard output")
}

// platformUsage is the usage text of --platform of a command that reads one image.
const platformUsage = "`os/arch[/variant]` of the image to take from an index"

// hostPlatform is the platform whose image commands read from an index unless another is stated.
func hostPlatform() *oci.Platform { return &oci.Platform{OS: "linux", Architecture: runtime.GOARCH} }

// session is a command under way.
type session struct {
	client  *registry.Client
	std     cli.Streams
	meter   progress.Meter
	display *progress.Display
}

// start starts a command. Its display must be closed before standard output is written to. Notices do not break the
// progress bars.
func (s *settings) start(ctx context.Context, std cli.Streams) (context.Context, *session) {
	n := &session{client: s.registry.Client(), std: std}
	n.display = progress.NewDisplay(std.Err, progress.Terminal(std.Err), &n.meter)
	return cli.WithNotices(ctx, n.display), n
}

// open opens a source that the user has typed.
func (n *session) open(ctx context.Context, text string) (*place.Place, error) {
	address, err := place.ParseSource(text)
	if err != nil {
		return nil, err
	}
	p, err := place.Opener{Client: n.client, Stdin: os.Stdin}.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	p.Source = n.meter.Watch(p.Source)
	return p, nil
}

// openImage opens a source and finds one image there.
func (n *session) openImage(ctx context.Context, text string, platform *oci.Platform) (*place.Place, content.Image, error) {
	p, err := n.open(ctx, text)
	if err != nil {
		return nil, content.Image{}, err
	}
	image, _, err := p.Image(ctx, platform, hostPlatform())
	if err != nil {
		p.Close()
		return nil, content.Image{}, err
	}
	return p, image, nil
}

// operands returns the operands of a command, whose number must be between min and max. A max of 0 stands for any.
func operands(flags *flag.FlagSet, min, max int) ([]string, error) {
	n := flags.NArg()
	switch {
	case n < min:
		return nil, cli.Hint(cli.Usage("%d operands, expected %d", n, min), "%s --help lists them", flags.Name())
	case max > 0 && n > max:
		return nil, cli.Hint(cli.Usage("unexpected argument %q", flags.Arg(max)), "%s --help lists the operands", flags.Name())
	}
	return flags.Args(), nil
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
