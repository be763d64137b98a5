// Package registry is a client for registries that implement distribution-spec 1.1.
//
// A [Client] holds the connections. A [Repository] is one repository accessed through it: a content.Source to read
// from, and a destination for blobs and manifests. Each method performs one request and retries it until the outcome is
// known; package push puts the requests in order.
//
// The client does not trust a registry's answers: it compares bytes with their digest, bounds the size of answers, and
// never sends the Authorization header to a redirect or an upload address on another host. It retries temporary
// failures (429, 5xx, broken connections) a bounded number of times, and silence once (see package transport). TLS is
// required, with two exceptions: a host on a loopback address, and with [Options].Insecure any registry and its token
// server, may have an untrusted certificate or speak plain HTTP. The rule applies to the host of each request: if a
// registry on this machine redirects to another host or names one as its token server, that host needs a trusted
// certificate.
//
// Non-goals: catalogues, deleting, the version 1 protocol.
package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Options configure a Client. The zero value is for an anonymous user.
type Options struct {
	// Credentials finds the user's credentials. Nil means no credentials.
	Credentials auth.Finder
	// Insecure accepts untrusted certificates and plain HTTP from every registry and its token server.
	Insecure bool
	// CertDirs are directories that contain a directory HOST or HOST:PORT for each registry with its own certificates,
	// see [transport.DefaultCertDirs]. The first match for a registry wins.
	CertDirs []string
	// Transport is copied for the client's connections. Nil means http.DefaultTransport.
	Transport *http.Transport
	// Limits bound how long a registry may be silent.
	Limits transport.Limits
	// Wait waits before another attempt. Nil means sleep.
	Wait transport.Wait
}

// Client sends requests to registries. It is safe for concurrent use.
type Client struct {
	credentials auth.Finder
	insecure    bool
	hosts       *transport.Hosts
	wait        transport.Wait
}

// NewClient returns a client.
func NewClient(o Options) *Client {
	c := &Client{
		credentials: o.Credentials, insecure: o.Insecure, wait: o.Wait,
		hosts: &transport.Hosts{Base: o.Transport, CertDirs: o.CertDirs, Limits: o.Limits},
	}
	if c.credentials == nil {
		c.credentials = auth.Anonymous{}
	}
	return c
}

// NewUserClient returns a client with the credentials and certificates that podman and docker use for the current user.
// If insecure is set, it accepts untrusted certificates and plain HTTP.
func NewUserClient(insecure bool) *Client {
	return NewClient(Options{
		Credentials: auth.DefaultStore(), CertDirs: transport.DefaultCertDirs(), Insecure: insecure,
	})
}

// client returns a client for requests that start at a host, on behalf of a registry. Only that host may go unverified,
// and only if the user allows it.
func (c *Client) client(host, registry string) *http.Client {
	unverified := ""
	if c.insecure {
		unverified = host
	}
	return c.hosts.Client(registry, unverified)
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

// Repository returns the repository that ref names, ignoring the tag and digest. It makes a request only for a registry
// that may do without TLS, to find out whether it does.
func (c *Client) Repository(ctx context.Context, ref reference.Reference, access auth.Access) (*Repository, error) {
	base := url.URL{Scheme: "https", Host: reference.APIHost(ref.Registry), Path: "/v2/"}
	r := &Repository{
		client: c, registry: ref.Registry, name: ref.Name(), http: c.client(base.Hostname(), ref.Registry),
		session: &auth.Session{
			Repository: ref, Access: access, Credentials: c.credentials, Client: tokenDoer{c, ref.Registry}, Insecure: c.insecure,
		},
	}
	if c.insecure || reference.IsLoopback(base.Hostname()) {
		plain, err := transport.SpeaksPlainHTTP(ctx, r.http, base)
		if err != nil {
			return nil, &failure{subject: ref.Registry, place: r.place(), err: err}
		}
		if plain {
			base.Scheme = "http"
		}
	}
	r.base = base.JoinPath(ref.Repository)
	r.session.PlainHTTP = base.Scheme == "http"
	return r, nil
}
