// Package transport is the HTTP policy of all clients below package registry: retries, redirects, certificates, time limits,
// and keeping secrets out of messages.
//
// [Hosts.Client] and [NewClient] return clients with that policy. Every request is watched from its connection to the last
// byte of the answer's body: a host that takes no byte, sends none, or sends too slowly causes a [SilenceError] that names
// the host and what it failed to do; after a few seconds one line informs the user. Time in which the reader is busy
// elsewhere does not count as waiting. [Failure] returns the error of a request without its URL, [Hide] cleans a server's
// message, and [Wait.Retry] repeats temporary failures. A [Helper] is a program that returns credentials.
//
// Non-goals: protocols (packages registry, cas and auth), limits for a whole download or upload.
package transport

import "net/http"

// UserAgent is the User-Agent header of every request.
const UserAgent = "rules_strata"

// maxIdle is how many idle connections to a host are kept: one for each job of a push, within reason.
const maxIdle = 16

// prepare configures connections for the clients of this package. The dialer must be set before.
func prepare(t *http.Transport) {
	t.MaxIdleConnsPerHost = maxIdle
	count(t)
}

// watched is a transport that waits no longer than the limits allow.
type watched struct {
	next   *http.Transport
	limits Limits
}

// RoundTrip implements http.RoundTripper.
func (w watched) RoundTrip(req *http.Request) (*http.Response, error) {
	return w.limits.roundTrip(w.next, req)
}

// NewClient returns a client for one server, to which t connects. It changes t.
func NewClient(t *http.Transport, limits Limits) *http.Client {
	prepare(t)
	return &http.Client{Transport: watched{t, limits}, CheckRedirect: checkRedirect}
}
