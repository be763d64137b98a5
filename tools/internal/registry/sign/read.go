package sign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
	"github.com/rules-strata/rules_strata/tools/internal/store/unarchive"
)

const (
	// maxArtifacts is how many artifacts a signer may return.
	maxArtifacts = 16
	// maxBlobs is how many blobs they may have.
	maxBlobs = 1000
)

// read reads the output of a signer: a layout whose artifacts refer to the subject.
func read(ctx context.Context, output []byte, subject oci.Descriptor) (Artifacts, error) {
	if len(output) == 0 {
		return Artifacts{}, errors.New("empty, expected an OCI image layout as a tar")
	}
	tar, err := unarchive.Read(output)
	if err != nil {
		return Artifacts{}, err
	}
	source, err := layout.Open(tar)
	if err != nil {
		return Artifacts{}, err
	}
	_, text := source.Index()
	if err := oci.UnmarshalDistinct(text, new(oci.Index)); err != nil {
		return Artifacts{}, fmt.Errorf("%s: %w", layout.IndexFile, err)
	}
	listed := source.Roots()
	switch {
	case len(listed) == 0:
		return Artifacts{}, fmt.Errorf("%s lists no artifact", layout.IndexFile)
	case len(listed) > maxArtifacts:
		return Artifacts{}, fmt.Errorf("%s lists %d artifacts, the limit is %d", layout.IndexFile, len(listed), maxArtifacts)
	}
	signatures := Artifacts{Source: source}
	blobs := 0
	for _, d := range listed {
		root, err := artifact(ctx, source, d, subject)
		if err == nil {
			err = verify(ctx, source, root, &blobs)
		}
		if err != nil {
			return Artifacts{}, err
		}
		signatures.Roots = append(signatures.Roots, root)
	}
	return signatures, nil
}

// artifact returns the descriptor of an artifact without what index.json adds. Its subject must be the one given.
func artifact(ctx context.Context, source content.Source, d, subject oci.Descriptor) (oci.Descriptor, error) {
	if d.MediaType != oci.MediaTypeManifest {
		return oci.Descriptor{}, fmt.Errorf("%s: media type %q, expected %q", d.Digest, d.MediaType, oci.MediaTypeManifest)
	}
	data, err := content.ReadAll(ctx, source, d)
	if err != nil {
		return oci.Descriptor{}, fmt.Errorf("manifest: %w", err)
	}
	manifest, err := oci.ParseManifest(data, d.MediaType)
	if err != nil {
		return oci.Descriptor{}, fmt.Errorf("manifest %s: %w", d.Digest, err)
	}
	switch found := manifest.Subject; {
	case found == nil:
		return oci.Descriptor{}, fmt.Errorf("manifest %s: no subject, expected %s", d.Digest, subject.Digest)
	case found.Digest != subject.Digest || found.Size != subject.Size || found.MediaType != subject.MediaType:
		return oci.Descriptor{}, fmt.Errorf("manifest %s: the subject is %q of %d bytes (%s), expected %q of %d bytes (%s)",
			d.Digest, found.Digest, found.Size, found.MediaType, subject.Digest, subject.Size, subject.MediaType)
	}
	return oci.Descriptor{
		MediaType: d.MediaType, Digest: d.Digest, Size: d.Size, ArtifactType: oci.ArtifactType(manifest),
	}, nil
}

// verify compares all blobs of an artifact with their digests, and counts them.
func verify(ctx context.Context, source content.Source, root oci.Descriptor, blobs *int) error {
	return content.Walk(ctx, source, root, func(d oci.Descriptor, document []byte) error {
		if *blobs++; *blobs > maxBlobs {
			return fmt.Errorf("more than %d blobs", maxBlobs)
		}
		if document != nil && d.Digest != root.Digest {
			return fmt.Errorf("manifest %s: refers to %s, a document of its own", root.Digest, d.Digest)
		}
		if document != nil {
			return nil
		}
		return content.Copy(ctx, io.Discard, source, d)
	})
}
