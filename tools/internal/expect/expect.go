// Package expect compares images with the expectations that their authors state: package structure's tests of files,
// contents, config and commands.
//
// All paths are those of the image: symlinks are followed inside of it and cannot leave it. Tests of paths can do with listings of
// the layers. A layer is read once more only for the contents that a test looks into, and an image is unpacked only if a test
// runs a command, in package container, or loaded into an engine where the caller wants that.
//
// Non-goals: the rules of the specifications, which package check verifies.
//
// Invariants: an assertion that does not hold is a [Result] with problems, not an error; an error is returned only if the
// image cannot be read. Results have the order of the file, so they do not depend on time or map order.
package expect

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/engine"
	"github.com/rules-strata/rules_strata/tools/internal/expect/structure"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// Result is the outcome of one test.
type Result struct {
	// File and Line are the place where the test is stated: a file, or a target and no line.
	File string
	Line int
	// Name is the kind of the test and the name that its author gave it.
	Name string
	// Problems describes the assertions that do not hold. It is empty if the test passed.
	Problems []string
}

// Where returns the place as FILE:LINE, or the target.
func (r *Result) Where() string {
	if r.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d", r.File, r.Line)
}

// add appends a problem.
func (r *Result) add(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Image is an image to test. It must be closed.
type Image struct {
	// Config holds the settings for containers.
	Config oci.ImageConfig
	// Platform is the platform in the config.
	Platform oci.Platform
	// Layers are the descriptors of the layers, the lowest first.
	Layers []oci.Descriptor
	// Files is the merged file system, or nil if no test needs it.
	Files *rootfs.FileSystem

	options    Options
	source     content.Source
	descriptor oci.Descriptor
	running    machine // or nil
}

// Options are how an image is opened.
type Options struct {
	// Scratch is the directory for the files of commands.
	Scratch string
	// DocumentsOnly leaves Image.Files nil: no test needs it.
	DocumentsOnly bool
	// Listings, unless nil, replace the blobs of layers, for tests that read no contents and run no commands.
	Listings *listing.Set
	// Engine, unless nil, runs commands: Docker or Podman.
	Engine *engine.Engine
}

// Open reads the config of an image and merges its layers.
func Open(ctx context.Context, src content.Source, image oci.Descriptor, o Options) (*Image, error) {
	manifest, err := content.ReadAll(ctx, src, image)
	if err != nil {
		return nil, err
	}
	m, err := oci.ParseManifest(manifest, image.MediaType)
	if err != nil {
		return nil, err
	}
	data, err := content.ReadAll(ctx, src, m.Config)
	if err != nil {
		return nil, err
	}
	var config struct {
		oci.ConfigPlatform
		Config oci.ImageConfig `json:"config"`
	}
	if err := oci.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	i := &Image{Config: config.Config, Platform: config.Platform(), Layers: m.Layers, options: o, source: src, descriptor: image}
	i.Files, err = o.merge(ctx, src, m.Layers)
	return i, err
}

// merge returns the merged file system, or nil if no test needs it.
func (o Options) merge(ctx context.Context, src content.Source, layers []oci.Descriptor) (*rootfs.FileSystem, error) {
	switch {
	case o.DocumentsOnly:
		return nil, nil
	case o.Listings != nil:
		files, err := o.Listings.Merge(layers)
		if err != nil {
			return nil, err
		}
		return files.FileSystem, nil
	}
	return rootfs.Merge(ctx, src, layers)
}

// Close removes the files of commands, and the image from the engine.
func (i *Image) Close() error {
	if i.running == nil {
		return nil
	}
	return i.running.Close()
}

// Structure runs the tests of a file.
func Structure(ctx context.Context, image *Image, file *structure.File) ([]Result, error) {
	r := run{image: image, file: file, env: environment(image.Config.Env)}
	for _, v := range file.Globals {
		r.env[v.Key] = r.expand(v.Value)
	}
	if err := r.commands(ctx); err != nil {
		return nil, err
	}
	if err := r.contents(ctx); err != nil {
		return nil, err
	}
	for _, e := range file.Exists {
		r.exists(e)
	}
	if err := r.licenses(ctx); err != nil {
		return nil, err
	}
	r.metadata()
	slices.SortStableFunc(r.results, func(a, b *Result) int { return a.Line - b.Line })
	results := make([]Result, len(r.results))
	for i, result := range r.results {
		results[i] = *result
	}
	return results, nil
}

// run is one run of a file's tests.
type run struct {
	image *Image
	file  *structure.File
	// env holds the variables of the image and of the file.
	env     map[string]string
	results []*Result
}

// start appends the result of a test.
func (r *run) start(line int, kind, name string) *Result {
	result := &Result{File: r.file.Name, Line: line, Name: kind + ": " + name}
	r.results = append(r.results, result)
	return result
}

// expand replaces variables in a path. An unknown variable is empty.
func (r *run) expand(text string) string {
	return os.Expand(text, func(name string) string { return r.env[name] })
}

// environment parses variables like NAME=VALUE.
func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, text := range list {
		name, value, _ := strings.Cut(text, "=")
		env[name] = value
	}
	return env
}
