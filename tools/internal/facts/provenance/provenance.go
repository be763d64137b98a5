// Package provenance states how an image was made, as an in-toto Statement v1 with a predicate of SLSA Provenance v1.
//
// The statement is not signed and claims no SLSA level: anyone could have written it. It is a pure function of [Facts]. It has
// no time, so equal facts give equal bytes.
package provenance

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/image"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

const (
	// MediaType is the media type of the statement.
	MediaType = "application/vnd.in-toto+json"
	// BuildType is the kind of build, which defines the parameters in the statement.
	BuildType = "https://github.com/rules-strata/rules_strata/blob/main/docs/signing.md#provenance"

	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://slsa.dev/provenance/v1"
	// annotationPredicate is the annotation by which clients find a statement among other artifacts of MediaType.
	annotationPredicate = "in-toto.io/predicate-type"
)

// Facts are what is known about a build.
type Facts struct {
	// Builder is the URI of the platform that ran the build. The caller must know it.
	Builder string
	// Target is the label of the build's target, or empty.
	Target string
	// Source is where the source code is, with the commit, as "git+https://HOST/PATH@COMMIT". It may be empty.
	Source string
	// Repository is the repository of the image.
	Repository reference.Reference
	// Subjects are the digests of the image or the index, and of each image of an index.
	Subjects []digest.Digest
	// Bases are the base images, each with its digest.
	Bases []reference.Reference
	// Packages are archives whose contents layers have.
	Packages []Package
}

// Package is an archive of a package. It has a name or a URI.
type Package struct {
	Name, URI string
	Digest    digest.Digest
}

// resource is a ResourceDescriptor of in-toto.
type resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest"`
}

type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

type predicate struct {
	BuildDefinition struct {
		BuildType            string            `json:"buildType"`
		ExternalParameters   map[string]string `json:"externalParameters"`
		ResolvedDependencies []resource        `json:"resolvedDependencies,omitempty"`
	} `json:"buildDefinition"`
	RunDetails struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
	} `json:"runDetails"`
}

// Statement returns the statement.
func (f Facts) Statement() ([]byte, error) {
	if id, err := url.Parse(f.Builder); err != nil || id.Scheme == "" {
		return nil, fmt.Errorf("builder ID %q: expected a URI, like https://ci.example.com/release", f.Builder)
	}
	s := statement{Type: statementType, PredicateType: predicateType}
	for _, d := range f.Subjects {
		s.Subject = append(s.Subject, resource{Name: f.Repository.Name(), Digest: digests(d)})
	}
	definition := &s.Predicate.BuildDefinition
	definition.BuildType, definition.ExternalParameters = BuildType, map[string]string{}
	if f.Target != "" {
		definition.ExternalParameters["target"] = f.Target
	}
	if f.Source != "" {
		source, err := sourceOf(f.Source)
		if err != nil {
			return nil, fmt.Errorf("source %q: %w", f.Source, err)
		}
		definition.ResolvedDependencies = append(definition.ResolvedDependencies, source)
	}
	for _, base := range f.Bases {
		definition.ResolvedDependencies = append(definition.ResolvedDependencies,
			resource{URI: packageURL(base), Digest: digests(base.Digest)})
	}
	for _, p := range f.Packages {
		definition.ResolvedDependencies = append(definition.ResolvedDependencies,
			resource{Name: p.Name, URI: p.URI, Digest: digests(p.Digest)})
	}
	s.Predicate.RunDetails.Builder.ID = f.Builder
	return oci.Marshal(s)
}

// Artifact returns the descriptor of an artifact with the statement that refers to the image, and its blobs.
func (f Facts) Artifact(subject oci.Descriptor) (oci.Descriptor, content.Bytes, error) {
	text, err := f.Statement()
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	blobs := make(content.Bytes)
	blobs.Add(oci.MediaTypeEmpty, oci.Empty().Data)
	document, err := image.Artifact{
		Type: MediaType, Files: []oci.Descriptor{blobs.Add(MediaType, text)}, Subject: &subject,
		Annotations: map[string]string{annotationPredicate: predicateType},
	}.Manifest()
	if err != nil {
		return oci.Descriptor{}, nil, err
	}
	blobs.Add(document.Descriptor.MediaType, document.Bytes)
	return document.Descriptor, blobs, nil
}

func digests(d digest.Digest) map[string]string {
	return map[string]string{d.Algorithm().String(): d.Encoded()}
}

var commit = pattern.New(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// sourceOf parses a source.
func sourceOf(text string) (resource, error) {
	n := strings.LastIndexByte(text, '@')
	if n < 0 || !commit().MatchString(text[n+1:]) {
		return resource{}, errors.New("expected URI@COMMIT, where COMMIT is the whole hash of a clean Git checkout")
	}
	if uri, err := url.Parse(text[:n]); err != nil || uri.Scheme == "" {
		return resource{}, errors.New("expected a URI before the commit, like git+https://git.example.com/team/app")
	} else if uri.User != nil {
		return resource{}, errors.New("the URI has a user name or a password, which would be published")
	}
	return resource{URI: text, Digest: map[string]string{"gitCommit": text[n+1:]}}, nil
}

// packageURL returns the package URL of an image, of the type "oci".
func packageURL(r reference.Reference) string {
	return "pkg:oci/" + path.Base(r.Repository) + "@" + r.Digest.Algorithm().String() + "%3A" + r.Digest.Encoded() +
		"?repository_url=" + r.Name()
}
