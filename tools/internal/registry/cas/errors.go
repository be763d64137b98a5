package cas

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"syscall"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/waiting"
)

// Error is the refusal of a cache.
type Error struct {
	// Status is the status of the answer: an HTTP status like "403 Forbidden", or the name of a gRPC code like
	// "PERMISSION_DENIED".
	Status string
	// Message is what the cache says in addition, in one line, maybe nothing.
	Message string
	// Denied tells that the cache wants another credential, or one at all.
	Denied bool

	temporary bool
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Status
	}
	return e.Status + ": " + e.Message
}

// httpError returns the error for an HTTP status.
func httpError(status int, line string) error {
	if status == http.StatusNotFound {
		return content.ErrNotFound
	}
	return &Error{
		Status: line,
		Denied: status == http.StatusUnauthorized || status == http.StatusForbidden,
		temporary: slices.Contains([]int{
			http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		}, status),
	}
}

// codes are the names of gRPC's status codes, by number (grpc/doc/statuscodes.md).
var codes = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// temporaryCodes are those after which Bazel tries again, too.
var temporaryCodes = []string{
	"UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "UNAVAILABLE",
}

// grpcError returns the error for a gRPC status code that is not OK.
func grpcError(code int, message string) error {
	name := "UNKNOWN"
	if code < len(codes) {
		name = codes[code]
	}
	if name == "NOT_FOUND" {
		return content.ErrNotFound
	}
	return &Error{
		Status: name, Message: cli.Printable(message),
		Denied:    name == "UNAUTHENTICATED" || name == "PERMISSION_DENIED",
		temporary: slices.Contains(temporaryCodes, name),
	}
}

// isTemporary reports whether a failure may pass: whether it is none of those that tell of a wrong address, a wrong
// certificate, a broken protocol or a decision of the cache.
func isTemporary(err error) bool {
	var refusal *Error
	var broken *protocolError
	var helper *helperError
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refusal):
		return refusal.temporary
	case IsTLSAlert(err), errors.As(err, &broken), errors.As(err, &helper), errors.As(err, &certificate):
		return false
	case errors.Is(err, content.ErrNotFound), errors.Is(err, http.ErrSchemeMismatch), errors.Is(err, errRedirect),
		errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

// IsTLSAlert reports whether err tells that the other side broke off a connection with TLS, for the lack of a client
// certificate for instance.
func IsTLSAlert(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "remote error"
}

// isSilence reports whether err tells that a limit ended a wait: one of ours or the network's.
func isSilence(err error) bool {
	var silence *waiting.SilenceError
	var network net.Error
	return errors.As(err, &silence) || errors.As(err, &network) && network.Timeout()
}

// protocolError tells that the other side speaks something else.
type protocolError struct{ text string }

func (e *protocolError) Error() string { return e.text }
