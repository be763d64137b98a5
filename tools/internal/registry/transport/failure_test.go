package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

func TestFailure(t *testing.T) {
	for want, errs := range map[bool][]error{
		true: {
			io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, context.DeadlineExceeded,
			&net.DNSError{IsTimeout: true}, &net.OpError{Op: "read", Err: syscall.ETIMEDOUT},
		},
		false: {
			&redirectError{"x"}, &certError{io.EOF}, &tls.CertificateVerificationError{Err: io.EOF}, http.ErrSchemeMismatch,
			&net.OpError{Op: "remote error", Err: io.EOF}, &net.OpError{Op: "dial", Net: "unix", Err: syscall.ENOENT},
			&net.DNSError{IsNotFound: true}, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		},
	} {
		for _, err := range errs {
			var failure Retryable
			if !errors.As(Failure(&url.Error{Err: err}, false), &failure) {
				t.Fatalf("%v is not Retryable", err)
			}
			if _, got := failure.Retry(); got != want {
				t.Errorf("%v is temporary: %t, want %t", err, got, want)
			}
		}
	}
}

// A server that has answered may be unreachable for a while; the URL of its failure is always secret.
func TestFailureOfKnownServer(t *testing.T) {
	for _, answered := range []bool{true, false} {
		err := Failure(&url.Error{URL: "https://host/?secret", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, answered)
		var withURL *url.Error
		if errors.As(err, &withURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("the URL is part of %v", err)
		}
		if _, got := err.(Retryable).Retry(); got != answered {
			t.Errorf("after an answer %t: temporary %t", answered, got)
		}
	}
}
