package image

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Index returns the index that lists the children in the given order: images with their platforms, artifacts, and other
// indexes. Two images for one platform are an error, because engines would never find the second.
//
// The children keep their media types, even Docker's, and their annotations.
func Index(children []oci.Descriptor, annotations map[string]string) (Document, error) {
	if err := checkAnnotations(annotations); err != nil {
		return Document{}, err
	}
	seen := make(map[digest.Digest]bool)
	owners := make(map[platformKey]digest.Digest)
	for i, child := range children {
		if err := checkChild(child); err != nil {
			return Document{}, fmt.Errorf("image %d: %w", i+1, err)
		}
		if seen[child.Digest] {
			return Document{}, fmt.Errorf("image %d: %s is listed twice", i+1, child.Digest)
		}
		seen[child.Digest] = true
		if key, ok := keyOf(child); ok {
			if owner, taken := owners[key]; taken {
				platform := oci.FormatPlatform(*child.Platform)
				return Document{}, fmt.Errorf("platform %s: two images, %s and %s", platform, owner, child.Digest)
			}
			owners[key] = child.Digest
		}
	}
	return newDocument(oci.Index{
		Versioned:   oci.SchemaVersion,
		MediaType:   oci.MediaTypeIndex,
		Manifests:   append([]oci.Descriptor{}, children...),
		Annotations: annotations,
	}, oci.MediaTypeIndex, nil)
}

// checkChild rejects a child that an index cannot list.
func checkChild(d oci.Descriptor) error {
	if !oci.IsDocument(d.MediaType) {
		return fmt.Errorf("media type %q is neither an image manifest nor an index", d.MediaType)
	}
	if d.Platform != nil {
		if err := checkPlatform(*d.Platform); err != nil {
			return err
		}
	}
	return checkDescriptor(d)
}

// platformKey is what engines compare to find an image in an index.
type platformKey struct{ os, architecture, variant, version, features string }

// keyOf returns the platform by which an engine finds a child. Engines do not find indexes, artifacts and attestations,
// whose platform is "unknown/unknown", in this way.
func keyOf(d oci.Descriptor) (key platformKey, ok bool) {
	p := d.Platform
	if p == nil || oci.IsIndex(d.MediaType) || d.ArtifactType != "" || p.OS == "unknown" {
		return platformKey{}, false
	}
	features := strings.Join(slices.Sorted(slices.Values(p.OSFeatures)), "\x00")
	return platformKey{p.OS, p.Architecture, oci.Variant(*p), p.OSVersion, features}, true
}

// Entries returns the descriptors in an index, to list them in another one.
func Entries(data []byte) ([]oci.Descriptor, error) {
	if _, err := parseBase(data, kindIndex); err != nil {
		return nil, err
	}
	var index oci.Index
	if err := oci.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	return index.Manifests, nil
}
