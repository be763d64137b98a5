// Package remote reads blobs of a base image that are not files of the build from the registries that have them.
//
// It sends no request to a registry before one of its blobs is read. As with every source, the readers of package
// content verify the bytes, not this package.
//
// Non-goals: documents (a build always has those as files), caching.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// New returns a source of the layers' blobs only. It is safe for concurrent use. It connects to each repository once,
// when the first of its blobs is read. It reports the failure of a repository only if all repositories of a blob fail.
func New(client *registry.Client, layers []content.RemoteLayer) content.Source {
	s := &source{client: client, sources: make(map[digest.Digest][]*place)}
	places := make(map[string]*place)
	for _, layer := range layers {
		d := layer.Descriptor.Digest
		if s.sources[d] != nil {
			continue
		}
		for _, name := range layer.Sources {
			if places[name] == nil {
				places[name] = &place{name: name}
			}
			s.sources[d] = append(s.sources[d], places[name])
		}
	}
	return s
}

type source struct {
	client  *registry.Client
	sources map[digest.Digest][]*place
}

// Open implements content.Source.
func (s *source) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	places := s.sources[d.Digest]
	if len(places) == 0 {
		return nil, fmt.Errorf("%s: %w", d.Digest, content.ErrNotFound)
	}
	var failures []error
	for _, p := range places {
		repository, err := p.connect(ctx, s.client)
		if err == nil {
			var r io.ReadCloser
			if r, err = repository.Open(ctx, d); err == nil {
				return r, nil
			}
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failures...)
}

// place is a repository that is connected to on first use.
type place struct {
	name string

	mu         sync.Mutex
	repository *registry.Repository // nil: not connected yet
}

func (p *place) connect(ctx context.Context, client *registry.Client) (*registry.Repository, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.repository != nil {
		return p.repository, nil
	}
	ref, err := reference.ParseRepository(p.name)
	if err != nil {
		return nil, err
	}
	p.repository, err = client.Repository(ctx, ref, auth.Pull)
	return p.repository, err
}
