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

// listLayout lists the images of a layout. An index may list images that are not in the layout.
func listLayout(ctx context.Context, fsys fs.FS) (*layout.Layout, []candidate, error) {
	source, err := layout.Open(fsys)
	if err != nil {
		return nil, nil, err
	}
	var all []candidate
	known := make(map[digest.Digest]int) // the position in all of each manifest
	for _, root := range source.Roots() {
		images, err := content.ListImages(ctx, source, root)
		if err != nil {
			return nil, nil, err
		}
		for _, image := range images {
			d := image.Descriptor
			at, ok := known[d.Digest]
			if !ok {
				at = len(all)
				known[d.Digest] = at
				load := func(ctx context.Context) (*Image, error) { return loadOCI(ctx, source, d) }
				all = append(all, candidate{id: d.Digest, platform: image.Platform, load: load})
			}
			all[at].names = append(all[at].names, rootNames(root)...)
		}
	}
	return source, all, nil
}

// rootNames returns the names that a layout gives to root, and so to the images that it reaches.
func rootNames(root oci.Descriptor) []string {
	var names []string
	for _, key := range []string{layout.AnnotationName, layout.AnnotationTag} {
		if name := root.Annotations[key]; name != "" {
			names = append(names, name)
		}
	}
	return names
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
