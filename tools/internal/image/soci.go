package image

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Names of SOCI, version 2: the snapshotter of AWS that pulls layers lazily.
const (
	mediaTypeSOCI = "application/vnd.amazon.soci.index.v2+json"
	mediaTypeZTOC = "application/octet-stream"

	annotationSOCIDigest    = "com.amazon.soci.index-digest"          // of an image: its SOCI manifest
	annotationSOCIImage     = "com.amazon.soci.image-manifest-digest" // of a SOCI manifest in an index: its image
	annotationSOCITool      = "com.amazon.soci.build-tool-identifier"
	annotationZTOCLayer     = "com.amazon.soci.image-layer-digest"
	annotationZTOCLayerType = "com.amazon.soci.image-layer-mediaType"
	annotationZTOCSpanSize  = "com.amazon.soci.span-size"

	// annotationPlatform is not SOCI's. Without it, images with the same layers, but for two platforms, would have one SOCI
	// manifest, which an index could not list for both.
	annotationPlatform = "io.github.rules-strata.platform"

	sociTool = "rules_strata"
)

// ZTOC describes the zTOC of a layer.
type ZTOC struct {
	Digest   digest.Digest
	Size     int64
	SpanSize int64
	// Layer is the descriptor of the layer in the image's manifest.
	Layer oci.Descriptor
}

// LazyImage is an image with the manifest that lists the zTOCs of its layers.
type LazyImage struct {
	Image Document // the image, whose manifest names SOCI
	SOCI  Document
}

// MakeLazy adds zTOCs, at least one, to the image with the descriptor, which states its platform, and the manifest. The
// config of the SOCI manifest is the empty object, as in oci.Empty.
func MakeLazy(d oci.Descriptor, manifest []byte, ztocs []ZTOC) (LazyImage, error) {
	if d.Platform == nil {
		return LazyImage{}, errors.New("the descriptor of the image states no platform")
	}
	soci, err := sociManifest(*d.Platform, ztocs)
	if err != nil {
		return LazyImage{}, err
	}
	annotated, err := annotate(d, manifest, annotationSOCIDigest, string(soci.Descriptor.Digest))
	if err != nil {
		return LazyImage{}, err
	}
	soci.Descriptor.Platform = d.Platform
	soci.Descriptor.Annotations = map[string]string{annotationSOCIImage: string(annotated.Descriptor.Digest)}
	return LazyImage{Image: annotated, SOCI: soci}, nil
}

// sociManifest returns the manifest that lists the zTOCs of an image.
func sociManifest(p oci.Platform, ztocs []ZTOC) (Document, error) {
	empty := oci.Empty()
	config := oci.Descriptor{MediaType: mediaTypeSOCI, Digest: empty.Digest, Size: empty.Size}
	artifact := Artifact{Config: &config, Annotations: map[string]string{
		annotationSOCITool: sociTool,
		annotationPlatform: oci.FormatPlatform(p),
	}}
	for _, z := range ztocs {
		artifact.Files = append(artifact.Files, oci.Descriptor{
			MediaType: mediaTypeZTOC, Digest: z.Digest, Size: z.Size,
			Annotations: map[string]string{
				annotationZTOCLayer:     string(z.Layer.Digest),
				annotationZTOCLayerType: z.Layer.MediaType,
				annotationZTOCSpanSize:  strconv.FormatInt(z.SpanSize, 10),
			},
		})
	}
	return artifact.Manifest()
}

// annotate returns the image with one annotation more. Docker's media types become OCI's.
func annotate(d oci.Descriptor, manifest []byte, key, value string) (Document, error) {
	m, err := oci.ParseManifest(manifest, d.MediaType)
	if err != nil {
		return Document{}, fmt.Errorf("manifest: %w", err)
	}
	if err := checkConfig(&m.Config); err != nil {
		return Document{}, fmt.Errorf("config: %w", err)
	}
	for i := range m.Layers {
		if err := checkLayer(&m.Layers[i]); err != nil {
			return Document{}, fmt.Errorf("layer %d: %w", i+1, err)
		}
	}
	m.MediaType, m.Annotations = oci.MediaTypeManifest, withAnnotation(m.Annotations, key, value)
	annotated, err := newDocument(m, oci.MediaTypeManifest, d.Platform)
	annotated.Descriptor.Annotations = d.Annotations
	annotated.Descriptor.ArtifactType = d.ArtifactType
	return annotated, err
}

// withAnnotation returns the annotations and one more.
func withAnnotation(annotations map[string]string, key, value string) map[string]string {
	more := map[string]string{key: value}
	for other, text := range annotations {
		if other != key {
			more[other] = text
		}
	}
	return more
}

// LazyIndex returns the index of lazy images. It lists the children, with an image that is a key of lazy in the form that it
// has there, and then the SOCI manifests. Like its manifest, the descriptor of an image names its SOCI manifest.
func LazyIndex(children []oci.Descriptor, lazy map[digest.Digest]LazyImage, annotations map[string]string) (Document, error) {
	var images, manifests []oci.Descriptor
	for _, child := range children {
		made, ok := lazy[child.Digest]
		if !ok {
			images = append(images, child)
			continue
		}
		replaced := made.Image.Descriptor
		replaced.Platform = child.Platform
		replaced.Annotations = withAnnotation(child.Annotations, annotationSOCIDigest, string(made.SOCI.Descriptor.Digest))
		images, manifests = append(images, replaced), append(manifests, made.SOCI.Descriptor)
	}
	return Index(append(images, manifests...), annotations)
}

// IndexAnnotations returns the annotations of an index.
func IndexAnnotations(data []byte) (map[string]string, error) {
	var index oci.Index
	err := oci.Unmarshal(data, &index)
	return index.Annotations, err
}
