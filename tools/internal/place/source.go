package place

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// unverified hides that a blob is a file, because readers do not verify the files of a build. These are not of a build.
type unverified struct{ content.Source }

// Open implements content.Source.
func (u unverified) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := u.Source.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	return struct{ io.ReadCloser }{r}, nil
}

// maxRemembered is the size of all documents that a place remembers, in bytes.
const maxRemembered = 64 << 20

// memory remembers the documents of a registry: each request for one may count as a pull.
type memory struct {
	content.Source

	mu        sync.Mutex
	documents map[digest.Digest][]byte
	size      int
}

func newMemory(src content.Source) *memory {
	return &memory{Source: src, documents: make(map[digest.Digest][]byte)}
}

// Open implements content.Source.
func (m *memory) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if !isDocument(d) {
		return m.Source.Open(ctx, d)
	}
	m.mu.Lock()
	data, known := m.documents[d.Digest]
	m.mu.Unlock()
	if !known {
		var err error
		if data, err = content.ReadAll(ctx, m.Source, d); err != nil {
			return nil, err
		}
		m.remember(d.Digest, data)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (m *memory) remember(d digest.Digest, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size+len(data) <= maxRemembered {
		m.documents[d] = data
		m.size += len(data)
	}
}

// isDocument reports whether a blob is a manifest, an index or the config of an image.
func isDocument(d oci.Descriptor) bool {
	return oci.IsDocument(d.MediaType) || oci.OCIMediaType(d.MediaType) == oci.MediaTypeConfig
}
