package image

import (
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Manifest returns the manifest of the image that has the layers on top of the image with the manifest base, or on
// nothing if base is nil. The config is described with its platform, as [Config] does; the returned descriptor gets the
// platform.
//
// The base's layers are kept with their annotations and URLs. Docker's media types become OCI's, because the bytes are
// the same. The base's own annotations describe the base and are not inherited.
func Manifest(
	config oci.Descriptor, base []byte, layers []oci.Descriptor, annotations map[string]string,
) (Document, error) {
	platform := config.Platform
	if platform == nil {
		return Document{}, errors.New("config: the descriptor states no platform")
	}
	if err := checkPlatform(*platform); err != nil {
		return Document{}, fmt.Errorf("config: %w", err)
	}
	config.Platform = nil
	if err := checkConfig(&config); err != nil {
		return Document{}, fmt.Errorf("config: %w", err)
	}
	inherited, err := parseManifest(base)
	if err != nil {
		return Document{}, fmt.Errorf("base manifest: %w", err)
	}
	if err := checkLayerCount(len(inherited), len(layers)); err != nil {
		return Document{}, err
	}
	all := append([]oci.Descriptor{}, inherited...)
	for i, layer := range layers {
		if err := checkLayer(&layer); err != nil {
			return Document{}, fmt.Errorf("layer %d: %w", i+1, err)
		}
		all = append(all, layer)
	}
	if err := checkAnnotations(annotations); err != nil {
		return Document{}, err
	}
	return newDocument(oci.Manifest{
		Versioned:   oci.SchemaVersion,
		MediaType:   oci.MediaTypeManifest,
		Config:      config,
		Layers:      all,
		Annotations: annotations,
	}, oci.MediaTypeManifest, platform)
}

// parseManifest returns the layers of a base, or none if there is no base.
func parseManifest(data []byte) ([]oci.Descriptor, error) {
	if data == nil {
		return nil, nil
	}
	base, err := parseBase(data, kindManifest)
	if err != nil {
		return nil, err
	}
	var version int
	var config oci.Descriptor
	var layers []oci.Descriptor
	if err := takeAll(base, []field{
		{"schemaVersion", &version},
		{"config", &config},
		{"layers", &layers},
	}); err != nil {
		return nil, err
	}
	if known := oci.SchemaVersion.SchemaVersion; version != known {
		return nil, fmt.Errorf("schemaVersion is %d, expected %d", version, known)
	}
	if err := checkConfig(&config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	for i := range layers {
		if err := checkLayer(&layers[i]); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
	}
	return layers, nil
}

// checkConfig rejects a descriptor that is not of an image's config, and gives it OCI's media type. An artifact has a
// manifest too, but its config has another type, and its layers are not file systems.
func checkConfig(d *oci.Descriptor) error {
	d.MediaType = oci.OCIMediaType(d.MediaType)
	if d.MediaType != oci.MediaTypeConfig {
		return fmt.Errorf("media type %q is not an image config type", d.MediaType)
	}
	return checkDescriptor(*d)
}

// checkLayer rejects a descriptor that is not of a layer, and gives it OCI's media type.
func checkLayer(d *oci.Descriptor) error {
	if _, err := oci.LayerCompression(d.MediaType); err != nil {
		return err
	}
	d.MediaType = oci.OCIMediaType(d.MediaType)
	return checkDescriptor(*d)
}
