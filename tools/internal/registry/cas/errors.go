package cas

import (
	"net/http"
	"slices"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Error is a cache's refusal.
type Error struct {
	// Status is the status of the answer: an HTTP status like "403 Forbidden", or the name of a gRPC code like
	// "PERMISSION_DENIED".
	Status string
	// Message is the cache's own message on one line, or empty.
	Message string
	// Denied reports that the cache requires a credential, or a different one.
	Denied bool

	temporary bool
	after     time.Duration // how long the cache asks us to wait
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Status
	}
	return e.Status + ": " + e.Message
}

// Retry implements [transport.Retryable].
func (e *Error) Retry() (time.Duration, bool) { return e.after, e.temporary }

// httpError returns the error for an HTTP answer that is not a blob.
func httpError(resp *http.Response) error {
	if resp.StatusCode == http.StatusNotFound {
		return content.ErrNotFound
	}
	return &Error{
		Status:    resp.Status,
		Denied:    resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden,
		temporary: transport.IsTemporary(resp.StatusCode),
		after:     transport.ParseRetryAfter(resp.Header.Get("Retry-After")),
	}
}

// codes are the names of gRPC's status codes, by number (grpc/doc/statuscodes.md).
var codes = []string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
	"INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

// temporaryCodes are the codes after which Bazel retries, too.
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
		Status: name, Message: message,
		Denied:    name == "UNAUTHENTICATED" || name == "PERMISSION_DENIED",
		temporary: slices.Contains(temporaryCodes, name),
	}
}

// protocolError is the error for a server that speaks another protocol.
type protocolError struct{ text string }

func (e *protocolError) Error() string { return e.text }

// Retry implements [transport.Retryable].
func (e *protocolError) Retry() (time.Duration, bool) { return 0, false }
