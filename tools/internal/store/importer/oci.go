package importer

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// maxNesting is how deep image indexes may nest.
const maxNesting = 4

// annotationAttestation marks a manifest that tells of an image but is none. BuildKit puts such into its indexes.
const annotationAttestation = "vnd.docker.reference.type"

// lister collects the images of a layout.
type lister struct {
	ctx    context.Context
	source content.Source
	images []candidate
	known  map[digest.Digest]int // the index in images of each manifest
}

func listLayout(ctx context.Context, fsys fs.FS) ([]candidate, error) {
	source, err := layout.Open(fsys)
	if err != nil {
		return nil, err
	}
	l := lister{ctx: ctx, source: source, known: make(map[digest.Digest]int)}
	for _, root := range source.Roots() {
		var names []string
		for _, key := range []string{layout.AnnotationName, layout.AnnotationTag} {
			if name := root.Annotations[key]; name != "" {
				names = append(names, name)
			}
		}
		if err := l.add(root, names, 0); err != nil {
			return nil, err
		}
	}
	return l.images, nil
}

// add adds the image that d is, or all that the index d lists. What is neither is no image and left out.
func (l *lister) add(d oci.Descriptor, names []string, nesting int) error {
	switch {
	case nesting > maxNesting:
		return fmt.Errorf("%s: indexes nest more than %d deep", d.Digest, maxNesting)
	case oci.IsIndex(d.MediaType):
		return l.addIndex(d, names, nesting)
	case !oci.IsManifest(d.MediaType) || d.Annotations[annotationAttestation] != "":
		return nil
	}
	if at, ok := l.known[d.Digest]; ok {
		l.images[at].names = append(l.images[at].names, names...)
		return nil
	}
	image := candidate{id: d.Digest, names: names}
	image.load = func(ctx context.Context) (*Image, error) { return loadOCI(ctx, l.source, d) }
	// An index may list images that the layout does not hold. Only one without a platform must be looked at now.
	if d.Platform != nil {
		image.platform = *d.Platform
	} else if isImage, err := l.readPlatform(d, &image.platform); err != nil || !isImage {
		return err
	}
	l.known[d.Digest] = len(l.images)
	l.images = append(l.images, image)
	return nil
}

func (l *lister) addIndex(d oci.Descriptor, names []string, nesting int) error {
	data, err := content.ReadAll(l.ctx, l.source, d)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	children, err := content.Children(d.MediaType, data)
	if err != nil {
		return fmt.Errorf("index %s: %w", d.Digest, err)
	}
	for _, child := range children {
		if err := l.add(child, names, nesting+1); err != nil {
			return err
		}
	}
	return nil
}

// readPlatform reads the platform of the image whose manifest is d from its config. It reports false if d is no image.
func (l *lister) readPlatform(d oci.Descriptor, platform *oci.Platform) (bool, error) {
	manifest, _, err := readManifest(l.ctx, l.source, d)
	if err != nil {
		return false, err
	}
	if oci.OCIMediaType(manifest.Config.MediaType) != oci.MediaTypeConfig {
		return false, nil
	}
	*platform, err = content.Platform(l.ctx, l.source, d, manifest.Config)
	if err != nil {
		return false, fmt.Errorf("config: %w", err)
	}
	return true, nil
}

func readManifest(ctx context.Context, source content.Source, d oci.Descriptor) (oci.Manifest, []byte, error) {
	data, err := content.ReadAll(ctx, source, d)
	if err != nil {
		return oci.Manifest{}, nil, fmt.Errorf("manifest: %w", err)
	}
	manifest, err := oci.ParseManifest(data, d.MediaType)
	if err != nil {
		return oci.Manifest{}, nil, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	return manifest, data, nil
}

// loadOCI reads the image whose manifest is d.
func loadOCI(ctx context.Context, source content.Source, d oci.Descriptor) (*Image, error) {
	manifest, data, err := readManifest(ctx, source, d)
	if err != nil {
		return nil, err
	}
	if oci.OCIMediaType(manifest.Config.MediaType) != oci.MediaTypeConfig {
		return nil, fmt.Errorf("not a container image: its config is of type %q", manifest.Config.MediaType)
	}
	configData, err := content.ReadAll(ctx, source, manifest.Config)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	c, err := parseConfig(configData, len(manifest.Layers))
	if err != nil {
		return nil, err
	}
	for n, layer := range manifest.Layers {
		if _, err := oci.LayerCompression(layer.MediaType); err != nil {
			return nil, fmt.Errorf("layer %d of %d: %w", n+1, len(manifest.Layers), err)
		}
	}
	image := &Image{
		Descriptor: oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, Platform: d.Platform},
		Manifest:   data,
		Config:     configData,
		Layers:     manifest.Layers,
		source:     source,
	}
	if d.Platform == nil {
		image.Descriptor.Platform = platform(c.Platform())
	} else {
		whole := oci.CompletePlatform(*d.Platform, c.Platform())
		image.Descriptor.Platform = &whole
	}
	return image, nil
}
