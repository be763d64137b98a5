package oci

import (
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// MediaTypeEmpty is the media type of the empty JSON object, which stands for content that an artifact does not have
// ("manifest.md", Guidance for an Empty Descriptor).
const MediaTypeEmpty = v1.MediaTypeEmptyJSON

// Empty returns the descriptor of the empty JSON object, with the object embedded as image-spec recommends.
func Empty() Descriptor {
	object := []byte("{}")
	return Descriptor{MediaType: MediaTypeEmpty, Digest: digest.FromBytes(object), Size: int64(len(object)), Data: object}
}

// AnnotationTitle is the annotation with the path of a file in an artifact ("annotations.md").
const AnnotationTitle = v1.AnnotationTitle

// ArtifactType returns the type of the artifact with the manifest: its artifactType or, without one, the media type of its
// config (distribution-spec 1.1, "Listing Referrers"). It returns "" if the manifest is an image's.
func ArtifactType(m Manifest) string {
	if m.ArtifactType != "" {
		return m.ArtifactType
	}
	if OCIMediaType(m.Config.MediaType) == MediaTypeConfig {
		return ""
	}
	return m.Config.MediaType
}
