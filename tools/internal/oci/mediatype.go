package oci

import (
	"fmt"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media types of image-spec 1.1 ("media-types.md").
const (
	MediaTypeIndex     = v1.MediaTypeImageIndex
	MediaTypeManifest  = v1.MediaTypeImageManifest
	MediaTypeConfig    = v1.MediaTypeImageConfig
	MediaTypeLayer     = v1.MediaTypeImageLayer
	MediaTypeLayerGzip = v1.MediaTypeImageLayerGzip
	MediaTypeLayerZstd = v1.MediaTypeImageLayerZstd
)

// Media types of Docker's image manifest version 2, schema 2, which many registries and archives still contain.
const (
	DockerMediaTypeIndex        = "application/vnd.docker.distribution.manifest.list.v2+json"
	DockerMediaTypeManifest     = "application/vnd.docker.distribution.manifest.v2+json"
	DockerMediaTypeConfig       = "application/vnd.docker.container.image.v1+json"
	DockerMediaTypeLayer        = "application/vnd.docker.image.rootfs.diff.tar"
	DockerMediaTypeLayerGzip    = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	DockerMediaTypeLayerZstd    = "application/vnd.docker.image.rootfs.diff.tar.zstd"
	DockerMediaTypeForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

	mediaTypeForeignLayerGzip = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
)

// Compression is the compression of a stream. The values are those of the rules' attribute.
type Compression string

// The compressions of layers that image-spec defines.
const (
	Uncompressed Compression = "none"
	Gzip         Compression = "gzip" // RFC 1952
	Zstd         Compression = "zstd" // RFC 8878
)

// MediaType returns the media type of a layer with this compression.
func (c Compression) MediaType() string {
	switch c {
	case Gzip:
		return MediaTypeLayerGzip
	case Zstd:
		return MediaTypeLayerZstd
	}
	return MediaTypeLayer
}

// dockerToOCI maps each Docker media type to the OCI one for the same bytes.
var dockerToOCI = map[string]string{
	DockerMediaTypeIndex:        MediaTypeIndex,
	DockerMediaTypeManifest:     MediaTypeManifest,
	DockerMediaTypeConfig:       MediaTypeConfig,
	DockerMediaTypeLayer:        MediaTypeLayer,
	DockerMediaTypeLayerGzip:    MediaTypeLayerGzip,
	DockerMediaTypeLayerZstd:    MediaTypeLayerZstd,
	DockerMediaTypeForeignLayer: mediaTypeForeignLayerGzip,
}

// OCIMediaType returns the OCI media type for the bytes that mediaType describes, or mediaType itself if it is not one
// of Docker's.
func OCIMediaType(mediaType string) string {
	if t, ok := dockerToOCI[mediaType]; ok {
		return t
	}
	return mediaType
}

// IsIndex reports whether mediaType is an image index or Docker's manifest list.
func IsIndex(mediaType string) bool { return OCIMediaType(mediaType) == MediaTypeIndex }

// IsManifest reports whether mediaType is an image manifest, OCI's or Docker's.
func IsManifest(mediaType string) bool { return OCIMediaType(mediaType) == MediaTypeManifest }

// IsDocument reports whether mediaType is an index or a manifest, which refer to other blobs.
func IsDocument(mediaType string) bool { return IsIndex(mediaType) || IsManifest(mediaType) }

// LayerCompression returns the compression of a layer with the media type, OCI's or Docker's, distributable or not. Any
// other media type is an error.
func LayerCompression(mediaType string) (Compression, error) {
	switch OCIMediaType(mediaType) {
	case MediaTypeLayer, "application/vnd.oci.image.layer.nondistributable.v1.tar":
		return Uncompressed, nil
	case MediaTypeLayerGzip, mediaTypeForeignLayerGzip:
		return Gzip, nil
	case MediaTypeLayerZstd, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd":
		return Zstd, nil
	}
	return "", fmt.Errorf("media type %q is not an image layer type", mediaType)
}

// MayBeAbsent reports whether d is a layer that is not distributable and has URLs, so that a store may lack it ("layer.md",
// Non-Distributable Layers).
func MayBeAbsent(d Descriptor) bool {
	return len(d.URLs) > 0 && strings.Contains(OCIMediaType(d.MediaType), ".layer.nondistributable.")
}
