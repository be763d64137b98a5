// Package registry speaks distribution-spec 1.1 with a registry.
//
// A [Client] holds the connections, a [Repository] is one repository seen through it: a content.Source to read from,
// and a place to put blobs and manifests. A method is a request, tried until its outcome is known; package push puts
// them in order.
//
// Nothing that a registry says is believed unchecked: bytes are compared with their digest, answers are bounded, and
// a redirect or an upload address on another host never gets the Authorization header. Temporary failures (429, 5xx,
// broken connections) are tried again a bounded number of times, and silence once (see package transport). TLS
// is the rule; a host on a loopback address, or with [Options].Insecure any registry and its token server, may have an
// unknown certificate or speak plain HTTP. Each request is judged by its own host: what a registry on this
// machine redirects to, or names as its token server, has to prove who it is.
//
// Non-goals: catalogues, deleting, referrers, the version 1 protocol.
package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Options say how a Client works. The zero value is that of an anonymous user.
type Options struct {
	// Credentials finds the user's credentials. Nil means that there are none.
	Credentials auth.Finder
	// Insecure accepts unknown certificates and plain HTTP from every registry and its token server.
	Insecure bool
	// CertDirs are directories with a directory HOST or HOST:PORT for each registry with certificates of its own, see
	// [transport.DefaultCertDirs]. The first one that a registry has wins.
	CertDirs []string
	// Transport is copied for the client's connections. Nil means http.DefaultTransport.
	Transport *http.Transport
	// Limits bound how long a registry may be silent.
	Limits transport.Limits
	// Wait waits before another attempt. Nil means to sleep.
	Wait transport.Wait
}

// Client talks to registries. It may be used by several goroutines.
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

// NewUserClient returns a client with the credentials and certificates that podman and docker have for the user of this
// machine. If insecure is set it accepts unknown certificates and plain HTTP.
func NewUserClient(insecure bool) *Client {
	return NewClient(Options{
		Credentials: auth.DefaultStore(), CertDirs: transport.DefaultCertDirs(), Insecure: insecure,
	})
}

// client returns a client for requests that begin at a host, which alone may go unverified if the user says so, on behalf
// of a registry.
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

// Repository returns the repository that ref names; its tag and digest do not matter. Only for a registry that may do
// without TLS is a request made, to find out whether it does.
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
