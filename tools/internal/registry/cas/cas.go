// Package cas reads blobs out of a remote cache of Bazel's.
//
// Such a cache holds outputs by the SHA-256 of their bytes (its content-addressed storage, CAS), and that is also what
// names a blob of an image: whoever has the image's documents can have its layers from there. Two protocols are
// spoken: that of Bazel's HTTP caches (GET /cas/HEX), and the Read call of google.bytestream.ByteStream over gRPC, as
// the Remote Execution API, version 2, uses it ("{instance}/blobs/{hash}/{size}").
//
// A [Cache] is a content.Source: bytes stream through and are never held, and the readers of package content compare
// them with their digest. A stream that breaks is opened again where it broke. Nothing is asked for, no connection is
// made and no helper started before the first blob is opened.
//
// Non-goals: writing, the action cache, blobs stored in parts or compressed, caches whose digests are not SHA-256.
package cas

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

const (
	userAgent = "rules_strata"
	// attempts is how often in a row something is tried without a byte of progress.
	attempts = 5
	// firstWait is the longest wait before the second attempt; each further one may wait twice as long.
	firstWait = 500 * time.Millisecond
	// maxSilences is how often, for one blob, a cache may say nothing until the limits end the wait.
	maxSilences = 2
)

// Options say how a Cache is asked. The zero value is that of a cache that wants no credentials.
type Options struct {
	// Header is sent with every request, like those of Bazel's --remote_header.
	Header http.Header
	// Helper is a program that knows further headers, by Bazel's credential-helper protocol. It is a path, one that
	// begins with "%workspace%/", or a name to be found on the PATH. Empty means that there is none.
	Helper string
	// Workspace is the directory that %workspace% stands for, and in which the helper runs. Empty means the current one.
	Workspace string
	// TLS holds what connections with TLS need beyond the system's authorities: others, a client certificate. Nil is nothing.
	TLS *tls.Config
	// Limits bound how long the cache may be silent. By default that is as long as Bazel's --remote_timeout.
	Limits waiting.Limits
	// Wait waits before another attempt. Nil means to sleep; it must return an error if ctx ends before.
	Wait func(ctx context.Context, d time.Duration) error
}

// Cache is a remote cache. It may be used by several goroutines.
type Cache struct {
	name        string // for messages: without secrets
	credentials *credentials
	protocol    protocol
	wait        func(ctx context.Context, d time.Duration) error
}

// protocol is a way to ask for a blob.
type protocol interface {
	// fetch returns the bytes of the blob d from offset on. The caller closes the reader.
	fetch(ctx context.Context, d oci.Descriptor, offset int64, header http.Header) (io.ReadCloser, error)
}

// New returns the cache at an address. These are the ones that Bazel's --remote_cache takes: grpcs://HOST[:PORT],
// grpc://HOST[:PORT], unix:PATH (gRPC through a socket), HOST[:PORT] (the same as grpcs), and
// https://HOST[:PORT][/PATH] or http://..., in which USER:PASSWORD@ may precede the host. "?instance=NAME" at the end
// of a gRPC address is what --remote_instance_name is to Bazel.
func New(address string, o Options) (*Cache, error) {
	a, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	c := &Cache{name: a.name, wait: o.Wait, credentials: newCredentials(a, o)}
	if c.wait == nil {
		c.wait = sleep
	}
	if a.grpc {
		c.protocol = newGRPC(a, o)
	} else {
		c.protocol = newHTTP(a, o)
	}
	return c, nil
}

// Open implements content.Source. The first bytes are there when it returns. An [*Error] with Denied set tells that the
// cache wants other credentials.
func (c *Cache) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if err := oci.CheckDescriptor(d); err != nil {
		return nil, err
	}
	s := &stream{ctx: ctx, cache: c, blob: d}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// stream is a blob that is being read.
type stream struct {
	ctx      context.Context
	cache    *Cache
	blob     oci.Descriptor
	body     io.ReadCloser
	offset   int64 // of the next byte
	failures int   // since the last byte
	silences int   // in all
	renewed  bool  // whether the credentials have been asked for anew
	failed   error // for good
}

// open asks for what is left of the blob, until there is an answer or no hope.
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

// pause waits before another attempt after the failure err. It returns an error if there must be none.
func (s *stream) pause(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Denied && !s.renewed && s.cache.credentials.forget() {
		s.renewed = true
		return nil
	}
	s.failures++
	if isSilence(err) {
		s.silences++
	}
	switch {
	case s.ctx.Err() != nil || !isTemporary(err):
		return s.failure(err)
	case s.failures == attempts || s.silences == maxSilences:
		return fmt.Errorf("%w (%d attempts)", s.failure(err), s.failures)
	}
	limit := firstWait << (s.failures - 1)
	if s.cache.wait(s.ctx, limit/2+rand.N(limit/2)) != nil { // Clients that failed together must not come back together.
		return s.failure(err)
	}
	return nil
}

// failure returns the error of the stream for a failure. What the cache has said is cleaned of our secrets.
func (s *stream) failure(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		refusal.Message = s.cache.credentials.hide(refusal.Message)
	}
	return fmt.Errorf("remote cache %s: %s: %w", s.cache.name, s.blob.Digest, err)
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
			s.failures = 0
			return n, nil // An error comes again with the next call.
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

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
