package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Hosts are the connections to registries and to the servers that they redirect to. The exported fields must not change
// after first use.
type Hosts struct {
	// Base is copied for the connections. Nil means http.DefaultTransport.
	Base *http.Transport
	// CertDirs are directories that contain a directory HOST or HOST:PORT for each registry with its own certificates,
	// see [DefaultCertDirs]. The first match for a registry wins.
	CertDirs []string
	// Limits bound how long a host may be silent.
	Limits Limits

	mu  sync.Mutex
	all map[string]*pair // by the directory of certificates, empty: none
}

// pair are connections that verify the server's certificate and connections that do not.
type pair struct{ strict, lax *http.Transport }

// Client returns a client for requests on behalf of a registry. The certificate of the host unverified (empty: none) is not
// checked, because the user allows it, and neither is that of a loopback host; any other host that a request is redirected
// to needs a trusted certificate.
func (h *Hosts) Client(registry, unverified string) *http.Client {
	return &http.Client{
		Transport:     &hostTransport{hosts: h, registry: registry, unverified: unverified},
		CheckRedirect: checkRedirect,
	}
}

// pair returns the connections to a host. As in docker and podman, a registry's certificates are also valid for the
// servers that it redirects to, unless these have their own.
func (h *Hosts) pair(host, registry string) (*pair, error) {
	dir := hostDir(h.CertDirs, host)
	if dir == "" {
		dir = hostDir(h.CertDirs, registry)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all[dir] == nil {
		p := &pair{h.clone(), h.clone()}
		for _, transport := range []*http.Transport{p.strict, p.lax} {
			if dir == "" {
				break
			}
			if err := addCerts(transport.TLSClientConfig, dir); err != nil {
				return nil, err
			}
		}
		p.lax.TLSClientConfig.InsecureSkipVerify = true
		if h.all == nil {
			h.all = make(map[string]*pair)
		}
		h.all[dir] = p
	}
	return h.all[dir], nil
}

// clone copies the base and its TLS configuration, so that both may be changed.
func (h *Hosts) clone() *http.Transport {
	base := h.Base
	if base == nil {
		base = http.DefaultTransport.(*http.Transport)
	}
	t := base.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = new(tls.Config)
	}
	prepare(t)
	return t
}

// hostTransport decides for each request, including redirected ones, whether its host needs a trusted certificate.
type hostTransport struct {
	hosts      *Hosts
	registry   string // whose certificates are used
	unverified string
}

// RoundTrip implements http.RoundTripper. It waits no longer than the limits allow.
func (t *hostTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	pair, err := t.hosts.pair(req.URL.Host, t.registry)
	if err != nil {
		return nil, err
	}
	host, next := req.URL.Hostname(), pair.strict
	if reference.IsLoopback(host) || t.unverified != "" && host == t.unverified {
		next = pair.lax
	}
	return t.hosts.Limits.roundTrip(next, req)
}

// SpeaksPlainHTTP reports whether a server that may lack TLS does: whether an HTTPS request to its address gets no answer.
func SpeaksPlainHTTP(ctx context.Context, client *http.Client, address url.URL) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", UserAgent)
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	var silence *SilenceError
	if errors.As(err, &silence) && silence.Unwrap() == nil { // otherwise the server did not understand the TLS handshake
		return false, Failure(silence, false)
	}
	var certificates *certError
	if errors.As(err, &certificates) {
		return false, certificates
	}
	return err != nil, ctx.Err()
}
