// Package transport is the HTTP policy of all clients below package registry: how often something is tried, where a redirect
// may lead, who has to prove who it is, how long anybody waits, and what must not get into a message.
//
// [Hosts.Client] and [NewClient] return clients with that policy. Every request is watched from its connection to the last
// byte of the answer's body: a host that takes no byte, sends none, or dribbles out an answer ends in a [SilenceError] that
// names it and what was waited for; after a few seconds one line tells the user. Time in which nobody waits, because the
// reader is busy elsewhere, is not part of it. [Failure] turns the error of a request into one without its URL, [Hide] cleans
// what a server said, and [Wait.Retry] repeats what may succeed later. A [Helper] is a program that knows credentials.
//
// Non-goals: protocols (packages registry, cas and auth), limits for a whole download or upload.
package transport

import "net/http"

// UserAgent is how servers know us.
const UserAgent = "rules_strata"

// maxIdle is how many connections to a host are kept: one for each job that a push may have, within reason.
const maxIdle = 16

// prepare makes connections fit for the clients of this package. The dialer must be set before.
func prepare(t *http.Transport) {
	t.MaxIdleConnsPerHost = maxIdle
	count(t)
}

// watched is a transport that waits no longer than the limits say.
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
