// Package image makes the documents that describe an image from other documents: config, manifest and index.
//
// Its three functions, [Config], [Manifest] and [Index], are pure: bytes and descriptors in, bytes and a descriptor out.
// They read no files and no clock, and equal inputs give equal bytes. Their results are OCI's (image-spec 1.1), even if
// the base is Docker's, and contain only labels, paths and times that the caller stated.
//
// Inputs are not trusted: bases may be broken, hostile or simply the wrong file. In results, history, diff_ids and layers
// line up, every digest is sha256, no size is negative, and all media types are those of an image.
//
// Non-goals: layer blobs (this package only sees their descriptors), choosing an image from an index, signatures.
package image

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Errors that a user can fix.
var (
	// ErrPlatformMissing is returned if neither base nor settings state an operating system or an architecture.
	ErrPlatformMissing = errors.New("platform is incomplete")
	// ErrPlatformConflict is returned if the settings state another platform than the base.
	ErrPlatformConflict = errors.New("platform conflicts with the base")
	// ErrOtherArchitecture is returned if a layer has programs, but none that the image's architecture runs.
	ErrOtherArchitecture = errors.New("no program for the image's architecture")
	// ErrTooManyLayers is returned if an image would have more layers than container engines can mount.
	ErrTooManyLayers = errors.New("too many layers")
)

// maxLayers is how many layers the engines' overlay drivers can stack. Images with more can be pushed, but not run.
const maxLayers = 127

// Document is a document together with the descriptor of its bytes.
type Document struct {
	Bytes []byte
	// Descriptor describes Bytes. For a config or a manifest it has the image's platform, for an index it has none.
	Descriptor oci.Descriptor
}

// newDocument encodes v and describes the bytes.
func newDocument(v any, mediaType string, platform *oci.Platform) (Document, error) {
	data, err := oci.Marshal(v)
	if err != nil {
		return Document{}, err
	}
	return Document{Bytes: data, Descriptor: oci.Descriptor{
		MediaType: mediaType,
		Digest:    digest.FromBytes(data),
		Size:      int64(len(data)),
		Platform:  platform,
	}}, nil
}

// checkLayerCount rejects an image of more than maxLayers layers.
func checkLayerCount(base, own int) error {
	if base+own > maxLayers {
		return fmt.Errorf("%w: %d of the base and %d new ones make %d, the limit is %d",
			ErrTooManyLayers, base, own, base+own, maxLayers)
	}
	return nil
}

// checkDescriptor rejects a descriptor that cannot identify a blob.
func checkDescriptor(d oci.Descriptor) error {
	if err := oci.CheckDescriptor(d); err != nil {
		return err
	}
	if len(d.Data) > 0 && (int64(len(d.Data)) != d.Size || digest.FromBytes(d.Data) != d.Digest) {
		return fmt.Errorf("%s: the embedded data is not the blob that the descriptor names", d.Digest)
	}
	return checkAnnotations(d.Annotations)
}

// checkAnnotations rejects keys and values that JSON cannot carry unchanged, and empty keys.
func checkAnnotations(annotations map[string]string) error {
	for key, value := range annotations {
		if key == "" {
			return fmt.Errorf("empty annotation key for the value %q", value)
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("annotation %q: not UTF-8 text", key)
		}
	}
	return nil
}
