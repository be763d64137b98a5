package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/facts/report"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/wire"
)

var command = cli.Command{
	Name:    "mkreport",
	Summary: "write a report on an image",
	Details: `
Layers without a listing are not part of the build, and the report states that it is incomplete. Origins are the files that the
aspect layer_origins writes; the archives that they name are read.`,
	Required: []string{"manifest", "config", "html", "json"},
	New:      newWork,
}

// request is a parsed command line.
type request struct {
	label, manifest, config string
	layers                  cli.Strings
	blobs                   string
	listings                cli.Strings
	origins                 []origins.Files
	bases                   []base
	packages                string
	before, differences     string
	html, json              string
}

// base has the files of a base image.
type base struct{ label, manifest, config string }

func newWork(flags *flag.FlagSet) cli.Work {
	var r request
	flags.StringVar(&r.label, "target", "", "`label` of the image")
	flags.StringVar(&r.manifest, "manifest", "", "`file` with the manifest")
	flags.StringVar(&r.config, "config", "", "`file` with the config")
	flags.Var(&r.layers, "layer", "`file` with the descriptor of a layer")
	flags.StringVar(&r.blobs, "blobs", "", "`directory` with the layers of an imported base; only its name is used")
	flags.Var(&r.listings, "listing", "`file` with listings of layers")
	cli.Each(flags, "origins", "`KEY=FILE`: origins of the layer with the descriptor KEY, or in the directory KEY of --blobs",
		r.addOrigins)
	cli.Each(flags, "base", "`label` of a base, the nearest first", func(label string) error {
		r.bases = append(r.bases, base{label: label})
		return nil
	})
	ofBase := func(name, usage string, set func(b *base, path string)) {
		cli.Each(flags, name, usage, func(path string) error {
			if len(r.bases) == 0 {
				return fmt.Errorf("expected --base before it")
			}
			set(&r.bases[len(r.bases)-1], path)
			return nil
		})
	}
	ofBase("base-manifest", "`file` with the manifest of the --base before it", func(b *base, path string) { b.manifest = path })
	ofBase("base-config", "`file` with the config of the --base before it", func(b *base, path string) { b.config = path })
	flags.StringVar(&r.packages, "packages", "", "`file` with the packages, as mksbom --format=table writes it")
	flags.StringVar(&r.before, "before", "", "`label` of another image, for --differences")
	flags.StringVar(&r.differences, "differences", "", "`file` with the differences from that image, as mkdiff --json writes it")
	flags.StringVar(&r.html, "html", "", "`file` for the page")
	flags.StringVar(&r.json, "json", "", "`file` for the JSON")
	return func(ctx context.Context, _ cli.Streams) error { return r.run(ctx) }
}

// addOrigins adds a file of origins. The files of a layer follow each other.
func (r *request) addOrigins(text string) error {
	key, path, err := cli.SplitPair(text)
	if err != nil {
		return err
	}
	if last := len(r.origins) - 1; last >= 0 && r.origins[last].Key == key {
		r.origins[last].Paths = append(r.origins[last].Paths, path)
		return nil
	}
	r.origins = append(r.origins, origins.Files{Key: key, Paths: []string{path}})
	return nil
}

func (r *request) run(ctx context.Context) error {
	in := report.Input{Label: r.label, Keys: make(map[digest.Digest]string)}
	var err error
	if in.Manifest, err = wire.ReadDocument(r.manifest); err != nil {
		return err
	}
	if in.Config, err = wire.ReadDocument(r.config); err != nil {
		return err
	}
	for _, b := range r.bases {
		base := report.BaseInput{Label: b.label}
		if base.Manifest, err = wire.ReadDocument(b.manifest); err != nil {
			return err
		}
		if base.Config, err = wire.ReadDocument(b.config); err != nil {
			return err
		}
		in.Bases = append(in.Bases, base)
	}
	for _, path := range r.layers {
		layer, err := wire.ReadLayer(path)
		if err != nil {
			return err
		}
		in.Keys[layer.Digest] = path
	}
	if r.blobs != "" {
		in.Keys[""] = r.blobs
	}
	if in.Listings, err = listing.Open(r.listings...); err != nil {
		return err
	}
	if in.Origins, err = (origins.Image{Label: r.label, Layers: r.origins}).Open(ctx, "", filepath.Dir(r.html)); err != nil {
		return err
	}
	if r.packages != "" {
		if in.Packages, err = sbom.ReadTable(r.packages); err != nil {
			return err
		}
	}
	if r.differences != "" {
		in.Before = &report.Comparison{Label: r.before}
		if err := readJSON(r.differences, &in.Before.Differences); err != nil {
			return err
		}
	}
	made, err := report.Make(ctx, in)
	if err != nil {
		return err
	}
	if err := write(r.json, func(w io.Writer) error { return writeJSON(w, made) }); err != nil {
		return err
	}
	return write(r.html, func(w io.Writer) error { return report.HTML(w, made) })
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
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

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}
