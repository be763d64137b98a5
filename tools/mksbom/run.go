package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/cli/stamp"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/image"
)

var command = cli.Command{
	Name:    "mksbom",
	Summary: "write the packages of an image as a software bill of materials",
	Details: `
Formats: spdx (SPDX 2.3), cyclonedx (CycloneDX 1.6), table (the project's own JSON, for reports).
A layer without --packages and --listing is one whose packages are unknown, which the document states.`,
	Required: []string{"image", "output"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	image     string
	documents cli.Strings
	layers    cli.Strings
	origins   string
	bases     cli.Strings
	listings  cli.Strings
	packages  cli.Strings
	declared  []sbom.Declared

	format  string
	created string
	output  string
	status  *stamp.Flags
}

func newWork(flags *flag.FlagSet) cli.Work {
	r := request{status: stamp.Declare(flags)}
	flags.StringVar(&r.image, "image", "", "`label=file`: the target of the image or index, and its descriptor")
	flags.Var(&r.documents, "document", "`file` that is a manifest, a config or an index")
	flags.Var(&r.layers, "layer", "`label=file`: the target of a layer, and its descriptor")
	flags.StringVar(&r.origins, "origins", "", "`file` with the origins of layers, as the aspect layer_origins writes it for a target")
	flags.Var(&r.bases, "base", "`label=file`: the target of an image that others were built on, and its descriptor")
	flags.Var(&r.listings, "listing", "`file` with entries of layers, as mklisting writes it")
	flags.Var(&r.packages, "packages", "`file` with the metadata of packages in layers, as mklisting writes it")
	cli.Each(flags, "declared", "a package that the build graph states, as a `JSON` object of layer, label, purl and license_names", r.declare)
	flags.StringVar(&r.format, "format", string(sbom.SPDX), "`format` of the document: "+strings.Join(sbom.Formats, ", "))
	flags.StringVar(&r.created, "created", "",
		"`time` of the document, RFC 3339 or seconds since 1970, may have variables of --status; SPDX has 1970-01-01T00:00:00Z by default")
	flags.StringVar(&r.output, "output", "", "`file` to write")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

func (r *request) run(ctx context.Context) error {
	if !slices.Contains(sbom.Formats, r.format) {
		return cli.Usage("--format: unknown format %q, expected one of %s", r.format, strings.Join(sbom.Formats, ", "))
	}
	created, err := r.time()
	if err != nil {
		return err
	}
	in, err := r.inputs(ctx)
	if err != nil {
		return err
	}
	document, err := sbom.New(in)
	if err != nil {
		return err
	}
	data, err := document.Write(sbom.Format(r.format), created)
	if err != nil {
		return err
	}
	return atomicfile.Write(r.output, data)
}

// time returns the value of --created in the format of both standards, or an empty string.
func (r *request) time() (string, error) {
	scope, err := r.status.Scope()
	if err != nil || r.created == "" {
		return "", err
	}
	text, err := scope.Expand(r.created, nil)
	if err != nil {
		return "", fmt.Errorf("--created: %w", err)
	}
	t, err := image.ParseTime(text)
	if err != nil {
		return "", cli.Usage("--created: %w", err)
	}
	return t.UTC().Format(time.RFC3339), nil // SPDX allows no fractions of seconds
}
