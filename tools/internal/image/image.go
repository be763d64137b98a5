// Package image makes the documents that describe an image out of documents: config, manifest and index.
//
// Its three verbs, [Config], [Manifest] and [Index], are pure functions: bytes and descriptors in, bytes and a
// descriptor out. They read no file and no clock, and equal input has equal bytes. What they return is OCI's
// (image-spec 1.1), even where the base is Docker's; it names no label, path or time that the caller did not state.
//
// On entry nothing is trusted: bases may be broken, hostile or simply the wrong file. On leaving, history, diff_ids and
// layers line up, every digest is sha256, no size is negative, and all media types are those of an image.
//
// Non-goals: blobs of layers (only their descriptors come here), choosing an image from an index, signatures.
package image

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Errors that a user can do something about.
var (
	// ErrPlatformMissing tells that nothing says which operating system or architecture an image is for.
	ErrPlatformMissing = errors.New("platform is incomplete")
	// ErrPlatformConflict tells that an image is asked to be for another platform than its base.
	ErrPlatformConflict = errors.New("platform is not that of the base")
	// ErrOtherArchitecture tells that a layer has programs, but none that the image's architecture runs.
	ErrOtherArchitecture = errors.New("no program for the image's architecture")
	// ErrTooManyLayers tells that an image would have more layers than container engines can mount.
	ErrTooManyLayers = errors.New("too many layers")
)

// maxLayers is how many layers the engines' overlay drivers stack. Images with more can be pushed, but not run.
const maxLayers = 127

// Document is a document together with the descriptor of its bytes.
type Document struct {
	Bytes []byte
	// Descriptor names Bytes. That of a config or a manifest has the image's platform, that of an index has none.
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

// checkLayerCount refuses an image of more than maxLayers layers.
func checkLayerCount(base, own int) error {
	if base+own > maxLayers {
		return fmt.Errorf("%w: %d of the base and %d new ones make %d, the limit is %d",
			ErrTooManyLayers, base, own, base+own, maxLayers)
	}
	return nil
}

// checkDescriptor refuses a descriptor that can name no blob.
func checkDescriptor(d oci.Descriptor) error {
	if err := oci.CheckDescriptor(d); err != nil {
		return err
	}
	if len(d.Data) > 0 && (int64(len(d.Data)) != d.Size || digest.FromBytes(d.Data) != d.Digest) {
		return fmt.Errorf("%s: the embedded data is not the blob that the descriptor names", d.Digest)
	}
	return checkAnnotations(d.Annotations)
}

// checkAnnotations refuses what JSON cannot carry unchanged, and keys that name nothing.
func checkAnnotations(annotations map[string]string) error {
	for key, value := range annotations {
		if key == "" {
			return fmt.Errorf("annotation with the value %q: the key is empty", value)
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("annotation %q: not UTF-8 text", key)
		}
	}
	return nil
}
