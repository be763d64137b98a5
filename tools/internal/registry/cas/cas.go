// Package cas reads blobs from a Bazel remote cache.
//
// Such a cache stores outputs by the SHA-256 of their bytes (its content-addressed storage, CAS). Image blobs are named
// by the same digest, so an image's documents are enough to fetch its layers from there. The package supports two
// protocols: that of Bazel's HTTP caches (GET /cas/HEX), and the Read call of google.bytestream.ByteStream over gRPC,
// as the Remote Execution API, version 2, uses it ("{instance}/blobs/{hash}/{size}").
//
// A [Cache] is a content.Source: it streams bytes without storing them, and the readers of package content compare them
// with their digest. A broken stream resumes where it broke. No request is sent, no connection made and no helper
// started before the first blob is opened.
//
// Non-goals: writing, the action cache, blobs stored in parts or compressed, caches whose digests are not SHA-256.
package cas

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Options configure requests to a Cache. The zero value is for a cache that requires no credentials.
type Options struct {
	// Header is sent with every request, like those of Bazel's --remote_header.
	Header http.Header
	// Helper is a program that supplies further headers, by Bazel's credential-helper protocol. It is a path, a path
	// that starts with "%workspace%/", or the name of a program on the PATH. Empty means no helper.
	Helper string
	// Workspace is the directory that %workspace% stands for, and in which the helper runs. Empty means the current one.
	Workspace string
	// TLS adds authorities or a client certificate to the system's authorities, for connections with TLS. Nil adds
	// nothing.
	TLS *tls.Config
	// Limits bound how long the cache may be silent. The default is that of Bazel's --remote_timeout.
	Limits transport.Limits
	// Wait waits before another attempt. Nil means sleep.
	Wait transport.Wait
}

// Cache is a remote cache. It is safe for concurrent use.
type Cache struct {
	name        string // for messages: without secrets
	credentials *credentials
	protocol    protocol
	wait        transport.Wait
}

// protocol is a way to request a blob.
type protocol interface {
	// fetch returns the bytes of the blob d from offset on. The caller closes the reader.
	fetch(ctx context.Context, d oci.Descriptor, offset int64, header http.Header) (io.ReadCloser, error)
}

// New returns the cache at an address. It takes the same addresses as Bazel's --remote_cache: grpcs://HOST[:PORT],
// grpc://HOST[:PORT], unix:PATH (gRPC through a socket), HOST[:PORT] (the same as grpcs), and
// https://HOST[:PORT][/PATH] or http://..., in which USER:PASSWORD@ may precede the host. "?instance=NAME" at the end
// of a gRPC address corresponds to Bazel's --remote_instance_name.
func New(address string, o Options) (*Cache, error) {
	a, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	c := &Cache{name: a.name, wait: o.Wait, credentials: newCredentials(a, o)}
	if a.grpc {
		c.protocol = newGRPC(a, o)
	} else {
		c.protocol = newHTTP(a, o)
	}
	return c, nil
}

// Open implements content.Source. It returns once the first bytes have arrived. An [*Error] with Denied set is returned
// when the cache requires other credentials.
func (c *Cache) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return nil, err
	}
	s := &stream{ctx: ctx, cache: c, blob: d, attempts: transport.Attempts{Wait: c.wait}}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// stream is a blob being read.
type stream struct {
	ctx      context.Context
	cache    *Cache
	blob     oci.Descriptor
	body     io.ReadCloser
	offset   int64 // of the next byte
	attempts transport.Attempts
	renewed  bool  // whether the helper has run again
	failed   error // the final error
}

// open requests the rest of the blob, until there is an answer or a final error.
func (s *stream) open() error {
	for {
		header, err := s.cache.credentials.header(s.ctx)
		if err != nil {
			return s.failure(err)
		}
		if s.body, err = s.cache.protocol.fetch(s.ctx, s.blob, s.offset, header); err == nil {
			return nil
		}
		s.body = http.NoBody
		if err := s.pause(err); err != nil {
			return err
		}
	}
}

// pause waits before another attempt after the failure err. It returns an error if there must not be another attempt.
func (s *stream) pause(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Denied && !s.renewed && s.cache.credentials.forget() {
		s.renewed = true
		return nil
	}
	if !errors.Is(err, content.ErrNotFound) {
		err = transport.Failure(err, s.offset > 0)
	}
	return s.attempts.Failed(s.ctx, s.failure(err))
}

// failure returns the error of the stream for a failure. It removes our secrets from the cache's message.
func (s *stream) failure(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		refusal.Message = s.cache.credentials.hide(refusal.Message)
	}
	return &failure{s.cache.name, s.blob.Digest, err}
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for s.failed == nil {
		n, err := s.body.Read(p)
		s.offset += int64(n)
		if n > 0 {
			s.attempts.Moved()
			return n, nil // The next call returns the error again.
		}
		if err == io.EOF && s.offset >= s.blob.Size {
			return 0, io.EOF
		}
		if err != nil {
			s.failed = s.resume(err)
		}
	}
	return 0, s.failed
}

// resume opens the stream again after the failure err.
func (s *stream) resume(err error) error {
	if err == io.EOF {
		err = fmt.Errorf("the answer ends after %d of %d bytes", s.offset, s.blob.Size)
	}
	if err := s.pause(err); err != nil {
		return err
	}
	s.body.Close()
	return s.open()
}

// Close implements io.Closer.
func (s *stream) Close() error { return s.body.Close() }
