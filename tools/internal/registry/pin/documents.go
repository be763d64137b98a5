package pin

import (
	"bytes"
	"context"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// documents are the documents of a repository. Each is fetched once.
type documents struct {
	repository *registry.Repository
	known      map[digest.Digest][]byte
}

func newDocuments(repository *registry.Repository) *documents {
	return &documents{repository, make(map[digest.Digest][]byte)}
}

// fetch returns the descriptor of the manifest or index that version, a tag or a digest, names.
func (s *documents) fetch(ctx context.Context, version string) (oci.Descriptor, error) {
	d, data, err := s.repository.Fetch(ctx, version)
	if err == nil {
		s.known[d.Digest] = data
	}
	return d, err
}

// Open implements content.Source.
func (s *documents) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	data, ok := s.known[d.Digest]
	if !ok {
		var err error
		if data, err = content.ReadAll(ctx, s.repository, d); err != nil {
			return nil, err
		}
		s.known[d.Digest] = data
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}
