// Package registry speaks distribution-spec 1.1 with a registry.
//
// A [Client] holds the connections, a [Repository] is one repository seen through it: a content.Source to read from,
// and a place to put blobs and manifests. A method is a request, tried until its outcome is known; package push puts
// them in order.
//
// Nothing that a registry says is believed unchecked: bytes are compared with their digest, answers are bounded, and
// a redirect or an upload address on another host never gets the Authorization header. Temporary failures (429, 5xx,
// broken connections) are tried again a bounded number of times. TLS is the rule; a registry on a loopback address,
// or any with [Options].Insecure, may have a certificate that nobody knows or speak plain HTTP, as with Docker.
//
// Non-goals: catalogues, deleting, referrers, the version 1 protocol.
package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/auth"
	"github.com/rules-strata/rules_strata/tools/internal/reference"
)

const (
	userAgent = "rules_strata"
	// maxRedirects is how many redirects one request follows.
	maxRedirects = 5
	// maxSilence is how long a registry may take to answer a request that it has heard to its end. Some hash a large blob
	// in that time, or move it.
	maxSilence = 10 * time.Minute
)

// Options say how a Client works. The zero value is that of an anonymous user.
type Options struct {
	// Credentials finds the user's credentials. Nil means that there are none.
	Credentials auth.Finder
	// Insecure accepts unknown certificates and plain HTTP from every registry.
	Insecure bool
	// Transport is copied for the client's connections. Nil means http.DefaultTransport.
	Transport *http.Transport
	// Wait waits before another attempt. Nil means to sleep; it must return an error if ctx ends before.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client talks to registries. It may be used by several goroutines.
type Client struct {
	credentials auth.Finder
	insecure    bool
	strict, lax *http.Client // with and without a look at certificates
	wait        func(ctx context.Context, d time.Duration) error
}

// NewClient returns a client.
func NewClient(o Options) *Client {
	c := &Client{credentials: o.Credentials, insecure: o.Insecure, wait: o.Wait}
	if c.credentials == nil {
		c.credentials = auth.Anonymous{}
	}
	if c.wait == nil {
		c.wait = sleep
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport)
	}
	strict, lax := transport.Clone(), transport.Clone()
	if lax.TLSClientConfig == nil {
		lax.TLSClientConfig = new(tls.Config)
	}
	lax.TLSClientConfig.InsecureSkipVerify = true
	for _, t := range []*http.Transport{strict, lax} {
		t.MaxIdleConnsPerHost = 16 // one for each job that a push may have, within reason
		t.ResponseHeaderTimeout = maxSilence
	}
	c.strict = &http.Client{Transport: strict, CheckRedirect: checkRedirect}
	c.lax = &http.Client{Transport: lax, CheckRedirect: checkRedirect}
	return c
}

// Repository returns the repository that ref names; its tag and digest do not matter. Only for a registry that may do
// without TLS is a request made, to find out whether it does.
func (c *Client) Repository(ctx context.Context, ref reference.Reference, access auth.Access) (*Repository, error) {
	r := &Repository{client: c, registry: ref.Registry, name: ref.Name(), http: c.strict}
	base := url.URL{Scheme: "https", Host: apiHost(ref.Registry), Path: "/v2/"}
	if c.insecure || isLoopback(base.Hostname()) {
		r.http = c.lax
		plain, err := speaksPlainHTTP(ctx, c.lax, base)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref.Registry, err)
		}
		if plain {
			base.Scheme = "http"
		}
	}
	r.base = base.JoinPath(ref.Repository)
	r.session = &auth.Session{
		Repository: ref, Access: access, Credentials: c.credentials, Client: r.http, PlainHTTP: base.Scheme == "http",
	}
	return r, nil
}

// apiHost returns the host that serves a registry's API: its name, except for Docker Hub.
func apiHost(registry string) string {
	if registry == "docker.io" {
		return "registry-1.docker.io"
	}
	return registry
}

// isLoopback reports whether host is this machine by its name or address.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// speaksPlainHTTP reports whether a server that need not have TLS has none: whether an HTTPS request gets no answer
// at all.
func speaksPlainHTTP(ctx context.Context, client *http.Client, base url.URL) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.String(), nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return err != nil, ctx.Err()
}

// errRedirect marks a redirect that is not followed.
var errRedirect = errors.New("redirect refused")

// checkRedirect is the clients' policy: a secret never leaves the host that it is for, and TLS is never given up.
// What a POST says (a token request holds a secret) is not repeated to another host; the redirect itself is then the
// answer.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	req.Header.Del("Referer") // It may hold a signed URL.
	req.URL.User = nil
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects)
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return fmt.Errorf("%w: to the scheme %q", errRedirect, req.URL.Scheme)
	case first.URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: from TLS to plain HTTP on %s", errRedirect, req.URL.Host)
	case sameOrigin(first.URL, req.URL):
		return nil
	case first.Method == http.MethodPost:
		return http.ErrUseLastResponse
	}
	req.Header.Del("Authorization")
	return nil
}

// sameOrigin reports whether two URLs have the same scheme, host and port.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}
