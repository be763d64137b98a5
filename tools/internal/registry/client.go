// Package registry speaks distribution-spec 1.1 with a registry.
//
// A [Client] holds the connections, a [Repository] is one repository seen through it: a content.Source to read from,
// and a place to put blobs and manifests. A method is a request, tried until its outcome is known; package push puts
// them in order.
//
// Nothing that a registry says is believed unchecked: bytes are compared with their digest, answers are bounded, and
// a redirect or an upload address on another host never gets the Authorization header. Temporary failures (429, 5xx,
// broken connections) are tried again a bounded number of times, and silence once (see package waiting). TLS
// is the rule; a host on a loopback address, or with [Options].Insecure any registry and its token server, may have a certificate that nobody knows or speak plain HTTP.
// Each request is judged by its own host: what a registry on this machine redirects to, or names as its token server,
// has to prove who it is.
//
// Non-goals: catalogues, deleting, referrers, the version 1 protocol.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

const (
	userAgent = "rules_strata"
	// maxRedirects is how many redirects one request follows.
	maxRedirects = 5
)

// Options say how a Client works. The zero value is that of an anonymous user.
type Options struct {
	// Credentials finds the user's credentials. Nil means that there are none.
	Credentials auth.Finder
	// Insecure accepts unknown certificates and plain HTTP from every registry and its token server.
	Insecure bool
	// CertDirs are directories with a directory HOST or HOST:PORT for each registry with certificates of its own, see
	// [DefaultCertDirs]. The first one that a registry has counts.
	CertDirs []string
	// Transport is copied for the client's connections. Nil means http.DefaultTransport.
	Transport *http.Transport
	// Limits bound how long a registry may be silent.
	Limits waiting.Limits
	// Wait waits before another attempt. Nil means to sleep; it must return an error if ctx ends before.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client talks to registries. It may be used by several goroutines.
type Client struct {
	credentials auth.Finder
	insecure    bool
	transports  *transports
	limits      waiting.Limits
	wait        func(ctx context.Context, d time.Duration) error
}

// NewClient returns a client.
func NewClient(o Options) *Client {
	c := &Client{credentials: o.Credentials, insecure: o.Insecure, limits: o.Limits, wait: o.Wait}
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
	c.transports = newTransports(transport, o.CertDirs)
	return c
}

// client returns a client for requests that begin at a host, which alone may go unverified if the user says so, on behalf
// of a registry.
func (c *Client) client(host, registry string) *http.Client {
	t := &transport{all: c.transports, registry: registry, limits: c.limits}
	if c.insecure {
		t.unverified = host
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect}
}

// tokenDoer sends requests to a registry's token server.
type tokenDoer struct {
	client   *Client
	registry string
}

// Do implements auth.Doer.
func (d tokenDoer) Do(req *http.Request) (*http.Response, error) {
	return d.client.client(req.URL.Hostname(), d.registry).Do(req)
}

// Repository returns the repository that ref names; its tag and digest do not matter. Only for a registry that may do
// without TLS is a request made, to find out whether it does.
func (c *Client) Repository(ctx context.Context, ref reference.Reference, access auth.Access) (*Repository, error) {
	base := url.URL{Scheme: "https", Host: reference.APIHost(ref.Registry), Path: "/v2/"}
	r := &Repository{client: c, registry: ref.Registry, name: ref.Name(), http: c.client(base.Hostname(), ref.Registry)}
	if c.insecure || reference.IsLoopback(base.Hostname()) {
		plain, err := speaksPlainHTTP(ctx, r.http, base)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref.Registry, err)
		}
		if plain {
			base.Scheme = "http"
		}
	}
	r.base = base.JoinPath(ref.Repository)
	r.session = &auth.Session{
		Repository: ref, Access: access, Credentials: c.credentials, Client: tokenDoer{c, ref.Registry},
		PlainHTTP: base.Scheme == "http", Insecure: c.insecure,
	}
	return r, nil
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
	var silence *waiting.SilenceError
	if errors.As(err, &silence) && silence.Unwrap() == nil { // else it did not even understand what TLS begins with
		return false, silence
	}
	var certificates *certError
	if errors.As(err, &certificates) {
		return false, certificates
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
