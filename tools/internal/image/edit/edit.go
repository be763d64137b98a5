// Package edit derives an image from another one: with other settings, and with more layers.
//
// The result has the bytes that the rules would give it: layers are made by package layer as mklayer makes them, config and
// manifest by package image as mkconfig and mkmanifest do. A change of neither config nor layers keeps the config's bytes,
// and a change of nothing keeps the manifest's as well.
//
// A new layer respects the layers below: its files go through their symlinks, and the directories that it implies have the
// modes and the owners that they have there. For that, the base's layers are read once.
//
// Non-goals: names of images (package place), indexes.
package edit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/layer"
	"github.com/rules-strata/rules_strata/tools/internal/layer/inputs"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape"
	"github.com/rules-strata/rules_strata/tools/internal/layer/shape/scan"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Request states what to change.
type Request struct {
	// Settings are for the config. A setting that is not stated is inherited.
	Settings image.Settings
	// Annotations are those of the new manifest. The base's are not inherited if the image changes.
	Annotations map[string]string
	// Layers are put on top, the lowest first.
	Layers []Layer
}

// Layer is a layer to make.
type Layer struct {
	// Inputs is its content. Over is filled by [Apply], unless an archive can become the layer unchanged.
	Inputs inputs.Spec
	// Packing is how it is packed.
	Packing layer.Packing
}

// ErrReplaces is returned for a layer that would replace a directory or a symlink of a lower layer with a directory that it
// only implies.
var ErrReplaces = errors.New("the layer would change directories that it does not state")

// over is a source with new blobs on top of a base. Other than content.Multi, it returns the base's errors, which may say
// more.
type over struct{ files, base content.Source }

// Open implements content.Source.
func (o over) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := o.files.Open(ctx, d)
	if errors.Is(err, content.ErrNotFound) {
		return o.base.Open(ctx, d)
	}
	return r, err
}

// isEmpty reports whether nothing changes.
func (r Request) isEmpty() bool {
	settings := reflect.ValueOf(r.Settings)
	return settings.IsZero() && len(r.Annotations) == 0 && len(r.Layers) == 0
}

// Result is a changed image.
type Result struct {
	// Root is the descriptor of the manifest.
	Root oci.Descriptor
	// Source holds the whole image, New only the blobs that the base does not have. New is nil if nothing changed.
	Source, New content.Source
}

// Apply changes the image with the manifest d. The directory scratch, which must exist, holds the new blobs, so the caller
// must keep it for as long as it reads from the result.
func Apply(ctx context.Context, src content.Source, d oci.Descriptor, r Request, scratch string) (Result, error) {
	if r.isEmpty() {
		return Result{Root: d, Source: src}, nil
	}
	e := editor{ctx: ctx, src: src, scratch: scratch, files: new(content.Files)}
	made, err := e.apply(d, r)
	return Result{Root: made, Source: over{e.files, src}, New: e.files}, err
}

type editor struct {
	ctx     context.Context
	src     content.Source
	scratch string
	files   *content.Files // the new blobs

	below  shape.Shape // of all layers so far
	shapes []string    // the files with the shapes of all layers so far, the lowest first
}

func (e *editor) apply(d oci.Descriptor, r Request) (oci.Descriptor, error) {
	fail := func(err error) (oci.Descriptor, error) { return oci.Descriptor{}, err }
	manifestText, err := content.ReadAll(e.ctx, e.src, d)
	if err != nil {
		return fail(fmt.Errorf("manifest: %w", err))
	}
	manifest, err := oci.ParseManifest(manifestText, d.MediaType)
	if err != nil {
		return fail(fmt.Errorf("manifest %s: %w", d.Digest, err))
	}
	configText, err := content.ReadAll(e.ctx, e.src, manifest.Config)
	if err != nil {
		return fail(fmt.Errorf("config: %w", err))
	}
	if len(r.Layers) > 0 {
		if err := e.readShapes(manifest.Layers); err != nil {
			return fail(err)
		}
	}
	var facts []image.Layer
	var layers []oci.Descriptor
	for n, l := range r.Layers {
		fact, layer, err := e.layer(n, l)
		if err != nil {
			return fail(fmt.Errorf("new layer %d: %w", n+1, err))
		}
		facts, layers = append(facts, fact), append(layers, layer)
	}
	config, err := e.config(d, manifest.Config, configText, facts, r)
	if err != nil {
		return fail(err)
	}
	made, err := image.Manifest(config, manifestText, layers, r.Annotations)
	if err != nil {
		return fail(err)
	}
	return made.Descriptor, e.add(made)
}

// config returns the descriptor of the new config, or of the old one if nothing in it changes.
func (e *editor) config(
	base, old oci.Descriptor, text []byte, layers []image.Layer, r Request,
) (oci.Descriptor, error) {
	settings := r.Settings
	settings.BasePlatform = base.Platform
	made, err := image.Config(text, layers, settings)
	if err != nil {
		return oci.Descriptor{}, err
	}
	if reflect.ValueOf(r.Settings).IsZero() && len(layers) == 0 {
		old.Platform = made.Descriptor.Platform
		return old, nil
	}
	return made.Descriptor, e.add(made)
}

// add stores a document beside the new layers.
func (e *editor) add(made image.Document) error {
	path := filepath.Join(e.scratch, made.Descriptor.Digest.Encoded())
	e.files.Add(made.Descriptor.Digest, path)
	return atomicfile.Write(path, made.Bytes)
}

// readShapes reads the base's layers.
func (e *editor) readShapes(layers []oci.Descriptor) error {
	known := make(map[digest.Digest]*shape.Shape)
	for n, d := range layers {
		s, seen := known[d.Digest]
		if !seen {
			if content.IsElsewhere(e.ctx, e.src, d) {
				continue
			}
			var err error
			if s, err = scan.Blob(e.ctx, e.src, d); err != nil {
				return fmt.Errorf("layer %d of %d: %w", n+1, len(layers), err)
			}
			known[d.Digest] = s
		}
		if s == nil {
			return fmt.Errorf("layer %d of %d: %s is not a tar archive", n+1, len(layers), d.Digest)
		}
		e.below.Put(s)
		if err := e.keepShape(s); err != nil {
			return err
		}
	}
	return nil
}

// keepShape writes a shape to a file, for package inputs.
func (e *editor) keepShape(s *shape.Shape) error {
	path := filepath.Join(e.scratch, "shape-"+strconv.Itoa(len(e.shapes)))
	e.shapes = append(e.shapes, path)
	return s.Write(path)
}

// layer makes a layer.
func (e *editor) layer(n int, l Layer) (image.Layer, oci.Descriptor, error) {
	fail := func(err error) (image.Layer, oci.Descriptor, error) { return image.Layer{}, oci.Descriptor{}, err }
	spec := l.Inputs
	if _, ok := spec.Archive(); !ok {
		spec.Over = e.shapes
	}
	path := filepath.Join(e.scratch, "layer-"+strconv.Itoa(n))
	made, err := layer.Make(e.ctx, &spec, path, l.Packing)
	if err != nil {
		return fail(err)
	}
	own := shape.Of(made.Entries, made.Interpreters)
	if err := e.keepShape(own); err != nil {
		return fail(err)
	}
	var clashes []error
	for _, clash := range e.below.Put(own) {
		clashes = append(clashes, fmt.Errorf("%w: %s", ErrReplaces, clash))
	}
	if len(clashes) > 0 {
		return fail(errors.Join(clashes...))
	}
	e.files.Add(made.Digest, path)
	fact := image.Layer{
		DiffID: made.DiffID, Programs: made.Programs,
		History: &oci.History{CreatedBy: "rules_strata " + layer.Summary(made.Entries)},
	}
	return fact, oci.Descriptor{MediaType: made.Codec.MediaType(), Digest: made.Digest, Size: made.Size}, nil
}
