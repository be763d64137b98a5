package cas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

// maxRedirects is how many redirects one request follows.
const maxRedirects = 5

// httpCache is a cache that speaks Bazel's HTTP caching protocol.
type httpCache struct {
	client *http.Client
	base   url.URL
}

func newHTTP(a address, o Options) *httpCache {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // Blobs are stored as they are.
	transport.MaxIdleConnsPerHost = 16  // one for each job that a push may have, within reason
	client := &http.Client{Transport: newWatched(transport, o), CheckRedirect: checkRedirect}
	return &httpCache{client: client, base: a.url}
}

// watched is a transport that waits no longer than the limits say.
type watched struct {
	next   *http.Transport
	limits waiting.Limits
}

func newWatched(transport *http.Transport, o Options) watched {
	transport.TLSClientConfig = o.TLS.Clone()
	waiting.Count(transport)
	return watched{transport, o.Limits}
}

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(req *http.Request) (*http.Response, error) {
	return w.limits.RoundTrip(w.next, req)
}

// fetch implements protocol.
func (c *httpCache) fetch(
	ctx context.Context, d oci.Descriptor, offset int64, header http.Header,
) (io.ReadCloser, error) {
	address := c.base.JoinPath("cas", d.Digest.Encoded())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", userAgent)
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	begins := int64(0)
	switch {
	case resp.StatusCode == http.StatusPartialContent && offset > 0:
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
			resp.Body.Close()
			return nil, &protocolError{"the answer is another part of the blob than was asked for"}
		}
		begins = offset
	case resp.StatusCode != http.StatusOK:
		resp.Body.Close()
		return nil, httpError(resp.StatusCode, resp.Status)
	}
	// A cache that knows no ranges begins anew: skip what was read.
	if _, err := io.CopyN(io.Discard, resp.Body, offset-begins); err != nil {
		resp.Body.Close()
		if err == io.EOF {
			err = fmt.Errorf("the answer ends before byte %d", offset)
		}
		return nil, err
	}
	return resp.Body, nil
}

// withoutURL takes the URL out of an error of package http: after a redirect it may be a secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// errRedirect marks a redirect that is not followed.
var errRedirect = errors.New("redirect refused")

// checkRedirect is the client's policy: what was meant for the cache never reaches another host, and TLS is never given
// up.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	req.URL.User = nil
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects)
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return fmt.Errorf("%w: to the scheme %q", errRedirect, req.URL.Scheme)
	case first.URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: from TLS to plain HTTP on %s", errRedirect, req.URL.Host)
	case first.URL.Scheme == req.URL.Scheme && strings.EqualFold(first.URL.Host, req.URL.Host):
		return nil
	}
	kept := http.Header{"User-Agent": {userAgent}}
	if part := first.Header.Get("Range"); part != "" {
		kept.Set("Range", part)
	}
	req.Header = kept
	return nil
}
