package registry

import (
	"crypto/tls"
	"net/http"

	"github.com/rules-strata/rules_strata/tools/internal/reference"
	"github.com/rules-strata/rules_strata/tools/internal/waiting"
)

// transports are the connections of a client.
type transports struct {
	strict, lax *http.Transport // with and without a look at certificates
}

func newTransports(base *http.Transport) *transports {
	t := &transports{base.Clone(), base.Clone()}
	if t.lax.TLSClientConfig == nil {
		t.lax.TLSClientConfig = new(tls.Config)
	}
	t.lax.TLSClientConfig.InsecureSkipVerify = true
	for _, t := range []*http.Transport{t.strict, t.lax} {
		t.MaxIdleConnsPerHost = 16 // one for each job that a push may have, within reason
		waiting.Count(t)
	}
	return t
}

// transport decides for each request, redirected ones included, whether its host has to prove who it is.
type transport struct {
	all        *transports
	unverified string // a host that need not, because the user says so
	limits     waiting.Limits
}

// RoundTrip implements http.RoundTripper. It waits no longer than the limits say.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	host, next := req.URL.Hostname(), t.all.strict
	if reference.IsLoopback(host) || t.unverified != "" && host == t.unverified {
		next = t.all.lax
	}
	return t.limits.RoundTrip(next, req)
}
