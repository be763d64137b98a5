package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkdiff",
	Summary: "list the differences between two images",
	Details: `
The text has one difference a line, as "image diff" prints them, and is empty if there are none.`,
	Required: []string{"before-manifest", "before-config", "after-manifest", "after-config", "text", "json"},
	New:      newWork,
}

// side has the files of one of the images.
type side struct{ manifest, config string }

func newWork(flags *flag.FlagSet) cli.Work {
	var before, after side
	var listings, ignore cli.Strings
	var text, asJSON string
	for name, s := range map[string]*side{"before": &before, "after": &after} {
		flags.StringVar(&s.manifest, name+"-manifest", "", "`file` with the manifest of the image "+name+" the change")
		flags.StringVar(&s.config, name+"-config", "", "`file` with its config")
	}
	flags.Var(&listings, "listing", "`file` with listings of layers of either image")
	flags.Var(&ignore, "ignore", "`difference` to leave out: annotations, config, layers, mode, mtime, owner or xattrs")
	flags.StringVar(&text, "text", "", "`file` for the text")
	flags.StringVar(&asJSON, "json", "", "`file` for the JSON")
	return func(ctx context.Context, _ cli.Streams) error {
		set, err := listing.Open(listings...)
		if err != nil {
			return err
		}
		report, err := compare(ctx, before, after, set)
		if errors.Is(err, listing.ErrMissing) {
			return cli.Hint(err, "the layer is not part of the build; only layers that both images share may be missing")
		}
		if err != nil {
			return err
		}
		if report, err = report.Without(ignore...); err != nil {
			return cli.Usage("--ignore: %w", err)
		}
		if err := write(text, func(w io.Writer) error { return difference.Text(w, report) }); err != nil {
			return err
		}
		return write(asJSON, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(report)
		})
	}
}

func compare(ctx context.Context, before, after side, listings *listing.Set) (difference.Report, error) {
	var sides []difference.Side
	for _, s := range []side{before, after} {
		loaded, err := s.load(listings)
		if err != nil {
			return difference.Report{}, err
		}
		sides = append(sides, loaded)
	}
	return difference.Of(ctx, sides[0], sides[1])
}

// load returns the side of a comparison, whose source has only the documents.
func (s side) load(listings *listing.Set) (difference.Side, error) {
	manifest, err := wire.ReadDocument(s.manifest)
	if err != nil {
		return difference.Side{}, err
	}
	var parsed struct {
		MediaType string         `json:"mediaType"`
		Config    oci.Descriptor `json:"config"`
	}
	if err := oci.Unmarshal(manifest, &parsed); err != nil {
		return difference.Side{}, fmt.Errorf("%s: %w", s.manifest, err)
	}
	d := oci.Descriptor{MediaType: parsed.MediaType, Digest: digest.FromBytes(manifest), Size: int64(len(manifest))}
	if d.MediaType == "" {
		d.MediaType = oci.MediaTypeManifest
	}
	files := new(content.Files)
	files.Add(d.Digest, s.manifest)
	files.Add(parsed.Config.Digest, s.config)
	return difference.Side{Source: files, Manifest: d, Listings: listings}, nil
}

// write writes a file completely or not at all.
func write(path string, to func(w io.Writer) error) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := to(f); err != nil {
		return err
	}
	return f.Commit()
}
