package registry

import (
	"crypto/tls"
	"net/http"

	"github.com/rules-strata/rules_strata/tools/internal/reference"
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
		t.ResponseHeaderTimeout = maxSilence
	}
	return t
}

// transport decides for each request, redirected ones included, whether its host has to prove who it is.
type transport struct {
	all        *transports
	unverified string // a host that need not, because the user says so
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Hostname()
	if reference.IsLoopback(host) || t.unverified != "" && host == t.unverified {
		return t.all.lax.RoundTrip(req)
	}
	return t.all.strict.RoundTrip(req)
}
