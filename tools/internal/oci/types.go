package oci

import (
	"github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Platform is the platform that an image runs on ("image-index.md", Platform).
type Platform struct {
	Architecture string   `json:"architecture"`
	OS           string   `json:"os"`
	OSVersion    string   `json:"os.version,omitempty"`
	OSFeatures   []string `json:"os.features,omitempty"`
	Variant      string   `json:"variant,omitempty"`
	// Features are processor features that the image requires. Docker's manifest lists have them; image-spec reserves
	// the field, and configs have none.
	Features []string `json:"features,omitempty"`
}

// ConfigPlatform is the platform in a config ("config.md").
type ConfigPlatform v1.Platform

// Platform returns the platform that the config states.
func (c ConfigPlatform) Platform() Platform {
	return Platform{
		Architecture: c.Architecture, OS: c.OS, OSVersion: c.OSVersion, OSFeatures: c.OSFeatures, Variant: c.Variant,
	}
}

// InConfig returns the part of p that a config can contain.
func (p Platform) InConfig() ConfigPlatform {
	return ConfigPlatform{
		Architecture: p.Architecture, OS: p.OS, OSVersion: p.OSVersion, OSFeatures: p.OSFeatures, Variant: p.Variant,
	}
}

// Descriptor names a blob: media type, digest, size ("descriptor.md").
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int64             `json:"size"`
	URLs        []string          `json:"urls,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Data is the blob itself, if it is embedded.
	Data         []byte    `json:"data,omitempty"`
	Platform     *Platform `json:"platform,omitempty"`
	ArtifactType string    `json:"artifactType,omitempty"`
}

// Manifest lists an image's config and layers ("manifest.md").
type Manifest struct {
	specs.Versioned
	MediaType    string            `json:"mediaType,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Config       Descriptor        `json:"config"`
	Layers       []Descriptor      `json:"layers"`
	Subject      *Descriptor       `json:"subject,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// Index lists manifests, mostly one per platform ("image-index.md").
type Index struct {
	specs.Versioned
	MediaType    string            `json:"mediaType,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Manifests    []Descriptor      `json:"manifests"`
	Subject      *Descriptor       `json:"subject,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}
