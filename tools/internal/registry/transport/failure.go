package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// failure marks a failure to get a complete answer.
type failure struct {
	err      error
	answered bool
}

func (e *failure) Error() string { return e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// Failure returns the error of a request that got no complete answer. It leaves out the URL, which may be a secret after a
// redirect or in an upload. If a server refuses a connection, answered decides whether the error is temporary: a server
// that has answered before may come back, but the address of any other is wrong. A [Retryable] error is returned unchanged.
func Failure(err error, answered bool) error {
	var known Retryable
	if errors.As(err, &known) {
		return known
	}
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	return &failure{err, answered}
}

// Retry implements [Retryable]. A failure may pass unless its cause is a wrong address, a wrong certificate or a missing
// socket.
func (e *failure) Retry() (time.Duration, bool) {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(e.err, syscall.ECONNREFUSED):
		return 0, e.answered
	case errors.As(e.err, &certificate), IsTLSAlert(e.err), errors.Is(e.err, http.ErrSchemeMismatch),
		errors.Is(e.err, syscall.ENOENT):
		return 0, false
	case errors.As(e.err, &dns):
		return 0, !dns.IsNotFound
	}
	return 0, true
}

// IsTLSAlert reports whether the other side ended a connection with a TLS alert, for example because the client
// certificate is missing.
func IsTLSAlert(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "remote error"
}
