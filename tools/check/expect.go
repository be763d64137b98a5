package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/expect"
	"github.com/rules-strata/rules_strata/tools/internal/expect/junit"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/place"
)

// expectations are what the author of an image expects of it.
type expectations struct {
	files  []*structure.File
	checks *expect.Checks // or nil
}

// options returns how images are opened for the expectations. An engine is searched for only if there are commands to run.
func (e expectations) options(ctx context.Context, listings []string, name string) (expect.Options, error) {
	o := expect.Options{Scratch: os.Getenv("TEST_TMPDIR")}
	o.DocumentsOnly = len(e.files) == 0 && !e.checks.NeedFiles()
	if name != "" && slices.ContainsFunc(e.files, func(f *structure.File) bool { return len(f.Commands) > 0 }) {
		var err error
		if o.Engine, err = engine.Find(ctx, engine.Choice{Name: name}); err != nil {
			return o, err
		}
	}
	if len(listings) == 0 || o.DocumentsOnly {
		return o, nil
	}
	var err error
	o.Listings, err = listing.Open(listings...)
	return o, err
}

// readExpectations reads the flags --config and --assert.
func (s *settings) readExpectations() (expectations, error) {
	files, err := readStructure(s.configs)
	if err != nil || s.assert == "" {
		return expectations{files: files}, err
	}
	target := s.target
	if target == "" {
		target = "--assert"
	}
	checks, err := expect.ParseAssertions(target, []byte(s.assert))
	if err != nil {
		return expectations{}, cli.Usage("%w", err)
	}
	return expectations{files, checks}, nil
}

// readStructure reads the files of --config, which name themselves in messages by their paths in the workspace.
func readStructure(paths []string) ([]*structure.File, error) {
	var files []*structure.File
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := structure.Parse(shown(path), data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// shown returns the path of a runfile as it is in the workspace, and other paths unchanged.
func shown(path string) string {
	for _, dir := range []string{os.Getenv("TEST_SRCDIR"), os.Getenv("RUNFILES_DIR")} {
		if below, ok := strings.CutPrefix(path, dir+"/"); ok && dir != "" {
			if _, file, ok := strings.Cut(below, "/"); ok {
				return file
			}
		}
	}
	return path
}

// expect compares the image with the expectations, prints the results, and writes them to $XML_OUTPUT_FILE.
func (s *settings) expect(ctx context.Context, std cli.Streams, expected expectations) error {
	src, roots, closer, err := s.open(ctx)
	if err != nil {
		return err
	}
	results, err := s.results(ctx, std, src, roots, expected)
	if err = errors.Join(err, closer()); err != nil {
		return err
	}
	if path := os.Getenv("XML_OUTPUT_FILE"); path != "" {
		var b bytes.Buffer
		if err := junit.Write(&b, s.target, results); err != nil {
			return err
		}
		if err := atomicfile.Write(path, b.Bytes()); err != nil {
			return err
		}
	}
	return showResults(std.Out, results)
}

// open opens the image as a source of blobs. The function that it returns closes it.
func (s *settings) open(ctx context.Context) (content.Source, []oci.Descriptor, func() error, error) {
	nothing := func() error { return nil }
	if s.image.Root != "" {
		image, err := s.image.Image()
		return image.Files, []oci.Descriptor{image.Root}, nothing, err
	}
	address := place.Address{Form: place.Layout, Path: s.layout}
	switch {
	case s.archive != "":
		address = place.Address{Form: place.Archive, Path: s.archive}
	case s.registry != "":
		var err error
		if address, err = place.ParseSource(s.registry); err != nil {
			return nil, nil, nothing, err
		}
	}
	p, err := place.Opener{Client: s.connection.Client()}.Open(ctx, address)
	if err != nil {
		return nil, nil, nothing, err
	}
	var roots []oci.Descriptor
	for _, root := range p.Roots {
		roots = append(roots, root.Descriptor)
	}
	return p.Source, roots, p.Close, nil
}

// results tests every image. Commands run on those that this machine or the engine can run; if there are none, their
// tests fail.
func (s *settings) results(
	ctx context.Context, std cli.Streams, src content.Source, roots []oci.Descriptor, expected expectations,
) ([]expect.Result, error) {
	var images []content.Image
	for _, root := range roots {
		of, err := content.Images(ctx, src, root)
		if err != nil {
			return nil, err
		}
		images = append(images, of...)
	}
	if len(images) == 0 {
		return nil, errors.New("there is no image to test")
	}
	options, err := expected.options(ctx, s.listings, s.engine)
	if err != nil {
		return nil, err
	}
	runs := slices.ContainsFunc(images, func(i content.Image) bool { return options.CanRun(i.Platform) })
	var all []expect.Result
	for _, i := range images {
		image, err := expect.Open(ctx, src, i.Descriptor, options)
		if err != nil {
			return nil, err
		}
		platform := oci.FormatPlatform(i.Platform)
		add := func(results []expect.Result) {
			for n := range results {
				if len(images) > 1 {
					results[n].Name = platform + ": " + results[n].Name
				}
			}
			all = append(all, results...)
		}
		if expected.checks != nil {
			var results []expect.Result
			results, err = expected.checks.Run(ctx, image)
			add(results)
		}
		for _, file := range expected.files {
			if len(file.Commands) > 0 && runs && !options.CanRun(i.Platform) {
				cli.Line(std.Out, "note: %s: %s: this machine cannot run the commands", file.Name, platform)
				file = file.WithoutCommands()
			}
			if err != nil {
				break
			}
			var results []expect.Result
			results, err = expect.Structure(ctx, image, file)
			add(results)
		}
		if err = errors.Join(err, image.Close()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// showResults writes one line per test, and one per problem. It returns an error if there are problems.
func showResults(w io.Writer, results []expect.Result) error {
	out := bufio.NewWriter(w)
	failed := 0
	for _, r := range results {
		if len(r.Problems) == 0 {
			cli.Line(out, "pass: %s: %s", r.Where(), r.Name)
			continue
		}
		failed++
		for _, problem := range r.Problems {
			cli.Line(out, "fail: %s: %s: %s", r.Where(), r.Name, problem)
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d tests failed", failed, len(results))
	}
	return nil
}
