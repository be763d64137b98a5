package content

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Bytes is a source of a few small blobs in memory.
type Bytes map[digest.Digest][]byte

// Add adds a blob and returns its descriptor.
func (b Bytes) Add(mediaType string, data []byte) oci.Descriptor {
	d := digest.FromBytes(data)
	b[d] = data
	return oci.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// Open implements Source.
func (b Bytes) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	data, found := b[d.Digest]
	if !found {
		return nil, fmt.Errorf("%s: %w", d.Digest, ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
