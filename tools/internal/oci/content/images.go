package content

import (
	"context"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// maxImages is how many images a root may reach, and how many entries of its indexes may have to be read to find their
// platform. Real indexes have a few dozen.
const maxImages = 1000

const (
	// unknown is the operating system and the architecture of BuildKit's attestations, which otherwise look like images.
	unknown = "unknown"
	// annotationAttestation also marks an attestation in an index.
	annotationAttestation = "vnd.docker.reference.type"
)

// Image is an image that a root reaches.
type Image struct {
	// Descriptor is the manifest's descriptor.
	Descriptor oci.Descriptor
	// Manifest is the parsed manifest. It is empty if [ListImages] did not need to read it.
	Manifest oci.Manifest
	// Platform is the platform in the descriptor, or else the one in the config, which may be empty.
	Platform oci.Platform
	// Indexes are the indexes that lead to the image, the outermost first.
	Indexes []Document
}

// Images returns the images that root reaches, in the order of its indexes, each once. Attestations and other artifacts
// are not images.
func Images(ctx context.Context, src Source, root oci.Descriptor) ([]Image, error) {
	return listImages(&lister{ctx: ctx, src: src, whole: true}, root)
}

// ListImages is Images for a source that may lack some images, or where each read takes time: it reads only the
// manifests whose descriptors state no platform. It treats an artifact whose descriptor states one as an image.
func ListImages(ctx context.Context, src Source, root oci.Descriptor) ([]Image, error) {
	return listImages(&lister{ctx: ctx, src: src}, root)
}

func listImages(l *lister, root oci.Descriptor) ([]Image, error) {
	err := Walker{Source: l.src, Enter: l.enter, children: l.count}.Walk(l.ctx, root)
	return l.images, err
}

// lister collects images.
type lister struct {
	ctx    context.Context
	src    Source
	whole  bool // whether each manifest is read
	images []Image
	asked  int // how many entries state no platform, so that they must be read
}

// count rejects an index that would require many reads, before the first of them.
func (l *lister) count(document Document, children []oci.Descriptor) error {
	for _, child := range children {
		if oci.IsIndex(child.MediaType) || oci.IsManifest(child.MediaType) && !statesPlatform(child) {
			l.asked++
		}
	}
	if l.asked > maxImages {
		return fmt.Errorf("index %s: more than %d entries state no platform", document.Digest, maxImages)
	}
	return nil
}

// enter limits the walk to indexes.
func (l *lister) enter(d oci.Descriptor, indexes []Document) error {
	switch {
	case oci.IsIndex(d.MediaType):
		return nil
	case !oci.IsManifest(d.MediaType) || d.Annotations[annotationAttestation] != "":
		return ErrSkip
	case len(l.images) == maxImages:
		return fmt.Errorf("index %s: more than %d images", indexes[len(indexes)-1].Digest, maxImages)
	}
	image := Image{Descriptor: d, Indexes: indexes}
	isImage, err := l.look(&image)
	if err != nil {
		return err
	}
	if isImage && image.Platform.OS != unknown && image.Platform.Architecture != unknown {
		l.images = append(l.images, image)
	}
	return ErrSkip
}

// look fills in the manifest and the platform. It reports false if the manifest is not an image's.
func (l *lister) look(image *Image) (bool, error) {
	d := image.Descriptor
	if statesPlatform(d) {
		image.Platform = *d.Platform
		if !l.whole {
			return true, nil
		}
	}
	data, err := ReadAll(l.ctx, l.src, d)
	if err != nil {
		return false, fmt.Errorf("manifest: %w", err)
	}
	if err := oci.Unmarshal(data, &image.Manifest); err != nil {
		return false, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	if oci.OCIMediaType(image.Manifest.Config.MediaType) != oci.MediaTypeConfig {
		return false, nil
	}
	if !statesPlatform(d) {
		image.Platform, err = l.configPlatform(image.Manifest.Config)
	}
	return true, err
}

// configPlatform returns the platform that a config states.
func (l *lister) configPlatform(d oci.Descriptor) (oci.Platform, error) {
	data, err := ReadAll(l.ctx, l.src, d)
	if err != nil {
		return oci.Platform{}, fmt.Errorf("config: %w", err)
	}
	var platform oci.ConfigPlatform
	if err := oci.Unmarshal(data, &platform); err != nil {
		return oci.Platform{}, fmt.Errorf("config %s: %w", d.Digest, err)
	}
	return platform.Platform(), nil
}

func statesPlatform(d oci.Descriptor) bool {
	return d.Platform != nil && d.Platform.OS != "" && d.Platform.Architecture != ""
}
