// Package reference parses the names of images: "alpine", "localhost:5000/team/app:v1", "quay.io/app@sha256:...".
//
// Names are normalised as in Docker: the default registry is docker.io, a Docker Hub repository of one word is below
// "library", and the default tag is "latest". The grammar is that of distribution-spec 1.1, section "Pulling manifests",
// with Docker's rule for where the registry ends. The result of [Parse] is normalised and valid.
//
// Non-goals: short-name aliases and search registries (Podman), references to files, digests other than sha256.
package reference

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	dockerHub     = "docker.io"
	dockerLibrary = "library/"
	defaultTag    = "latest"
)

// Reference names an image in a registry. The zero value names nothing.
type Reference struct {
	// Registry is a host name or address, with its port if one was given: "docker.io", "localhost:5000".
	Registry string
	// Repository is the path below the registry: "library/alpine".
	Repository string
	// Tag is the name of one version. It is empty if only a digest was given.
	Tag string
	// Digest is the digest of the image's manifest or index, or empty.
	Digest digest.Digest
}

// Parse reads an image name. A name with neither tag nor digest gets the tag "latest".
func Parse(text string) (Reference, error) {
	r, err := parse(text)
	if err != nil {
		return Reference{}, fmt.Errorf("image name %q: %w", text, err)
	}
	if r.Tag == "" && r.Digest == "" {
		r.Tag = defaultTag
	}
	return r, nil
}

// ParseRepository parses the name of a repository: an image name without tag and digest. Both are empty in the result.
func ParseRepository(text string) (Reference, error) {
	r, err := parse(text)
	if err == nil && (r.Tag != "" || r.Digest != "") {
		err = fmt.Errorf("a repository has no tag or digest, expected %q", r.Name())
	}
	if err != nil {
		return Reference{}, fmt.Errorf("repository %q: %w", text, err)
	}
	return r, nil
}

// Name returns the registry and the repository: "docker.io/library/alpine".
func (r Reference) Name() string { return r.Registry + "/" + r.Repository }

// String returns the full name: "docker.io/library/alpine:latest". Parse returns an equal Reference for it.
func (r Reference) String() string { return r.Name() + r.version() }

func (r Reference) version() string {
	var v string
	if r.Tag != "" {
		v = ":" + r.Tag
	}
	if r.Digest != "" {
		v += "@" + r.Digest.String()
	}
	return v
}
