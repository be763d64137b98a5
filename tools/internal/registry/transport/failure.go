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

// failure marks a failure to get an answer, or the whole of it.
type failure struct {
	err      error
	answered bool
}

func (e *failure) Error() string { return e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// Failure returns the error of a request that got no answer, or not all of it. The URL stays out of it: after a redirect,
// and in an upload, it may be a secret. A server that has answered before may be back soon after it refuses a connection;
// the address of any other one is wrong. An error that is [Retryable] by itself is returned as it is.
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

// IsTLSAlert reports whether the other side broke off a connection with TLS, for the lack of a client certificate for
// instance.
func IsTLSAlert(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "remote error"
}
