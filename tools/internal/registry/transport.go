package registry

import (
	"crypto/tls"
	"net/http"
	"sync"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

// transports are the connections of a client.
type transports struct {
	base     *http.Transport
	certDirs []string

	mu  sync.Mutex
	all map[string]*pair // by the directory of certificates, empty: none
}

// pair are connections with and without a look at the server's certificate.
type pair struct{ strict, lax *http.Transport }

func newTransports(base *http.Transport, certDirs []string) *transports {
	return &transports{base: base, certDirs: certDirs, all: make(map[string]*pair)}
}

// pair returns the connections to a host. As with docker and podman a registry's certificates count for the servers that
// it sends us to, too, unless these have their own.
func (t *transports) pair(host, registry string) (*pair, error) {
	dir := hostDir(t.certDirs, host)
	if dir == "" {
		dir = hostDir(t.certDirs, registry)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[dir] == nil {
		p := &pair{t.base.Clone(), t.base.Clone()}
		for _, transport := range []*http.Transport{p.strict, p.lax} {
			if transport.TLSClientConfig == nil {
				transport.TLSClientConfig = new(tls.Config)
			}
			if dir != "" {
				if err := addCerts(transport.TLSClientConfig, dir); err != nil {
					return nil, err
				}
			}
			transport.MaxIdleConnsPerHost = 16 // one for each job that a push may have, within reason
			waiting.Count(transport)
		}
		p.lax.TLSClientConfig.InsecureSkipVerify = true
		t.all[dir] = p
	}
	return t.all[dir], nil
}

// transport decides for each request, redirected ones included, whether its host has to prove who it is.
type transport struct {
	all        *transports
	registry   string // whose certificates count
	unverified string // a host that need not, because the user says so
	limits     waiting.Limits
}

// RoundTrip implements http.RoundTripper. It waits no longer than the limits say.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	pair, err := t.all.pair(req.URL.Host, t.registry)
	if err != nil {
		return nil, err
	}
	host, next := req.URL.Hostname(), pair.strict
	if reference.IsLoopback(host) || t.unverified != "" && host == t.unverified {
		next = pair.lax
	}
	return t.limits.RoundTrip(next, req)
}
