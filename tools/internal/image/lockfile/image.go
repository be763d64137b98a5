package lockfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Names returns the names, sorted and each once, or those of all images if there are none. Each must be in the file.
func (f *File) Names(names []string) ([]string, error) {
	for _, name := range names {
		if _, ok := f.Images[name]; !ok {
			return nil, message.Hint(fmt.Errorf("image %q is not in the lock file", name), "\"lock list\" lists the images")
		}
	}
	if len(names) == 0 {
		return slices.Sorted(maps.Keys(f.Images)), nil
	}
	return slices.Compact(slices.Sorted(slices.Values(names))), nil
}

// PlatformNames returns the names of the image's platforms, sorted.
func (i Image) PlatformNames() []string { return slices.Sorted(maps.Keys(i.Platforms)) }

// Config is the part of an image's config that the tools use.
type Config struct {
	oci.ConfigPlatform
	RootFS oci.RootFS `json:"rootfs"`
}

// ParseManifest parses the manifest, which must be that of an image: the config and all layers have media types of an
// image, and valid digests and sizes.
func (p Platform) ParseManifest() (oci.Manifest, error) {
	if !oci.IsManifest(p.Manifest.MediaType) {
		return oci.Manifest{}, fmt.Errorf("media type %q is not a manifest type", p.Manifest.MediaType)
	}
	manifest, err := oci.ParseManifest(p.Manifest.Text, p.Manifest.MediaType)
	if err != nil {
		return manifest, err
	}
	if t := manifest.Config.MediaType; oci.OCIMediaType(t) != oci.MediaTypeConfig {
		return manifest, fmt.Errorf("not an image: the config has the media type %q", t)
	}
	if err := oci.CheckDescriptor(manifest.Config); err != nil {
		return manifest, fmt.Errorf("config: %w", err)
	}
	for n, layer := range manifest.Layers {
		if _, err := oci.LayerCompression(layer.MediaType); err != nil {
			return manifest, fmt.Errorf("layer %d: %w", n+1, err)
		}
		if err := oci.CheckDescriptor(layer); err != nil {
			return manifest, fmt.Errorf("layer %d: %w", n+1, err)
		}
	}
	return manifest, nil
}

// ParseConfig parses the config, whose diff_ids must be valid digests.
func (p Platform) ParseConfig() (Config, error) {
	var config Config
	if err := oci.UnmarshalDistinct(p.Config.Text, &config); err != nil {
		return config, err
	}
	for n, id := range config.RootFS.DiffIDs {
		if _, err := digest.Parse(string(id)); err != nil {
			return config, fmt.Errorf("diff_id %d: %w", n+1, err)
		}
	}
	return config, nil
}

// Layer is a layer of a pinned image.
type Layer struct {
	oci.Descriptor
	// DiffID is the digest of the uncompressed tar.
	DiffID digest.Digest
}

// Layers checks that the documents belong together, and returns the layers, lowest first. The manifest must have its
// digest, and the config must have the digest and size stated in the manifest, and a diff_id for each layer.
func (p Platform) Layers() ([]Layer, error) {
	if err := checkDocument(p.Manifest); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	manifest, err := p.ParseManifest()
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if got := digest.FromBytes(p.Config.Text); got != manifest.Config.Digest {
		return nil, fmt.Errorf("config: the text has the digest %s, but the manifest states %s", got, manifest.Config.Digest)
	}
	if got := int64(len(p.Config.Text)); got != manifest.Config.Size {
		return nil, fmt.Errorf("config: %d bytes, but the manifest states %d", got, manifest.Config.Size)
	}
	config, err := p.ParseConfig()
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if got, want := len(config.RootFS.DiffIDs), len(manifest.Layers); got != want {
		return nil, fmt.Errorf("config: %d diff_ids for %d layers", got, want)
	}
	var layers []Layer
	for n, d := range manifest.Layers {
		layers = append(layers, Layer{d, config.RootFS.DiffIDs[n]})
	}
	return layers, nil
}
