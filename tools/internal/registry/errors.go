package registry

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// maxErrorBody is the most bytes read of an error's body.
const maxErrorBody = 64 << 10

// Error is a registry's refusal (distribution-spec 1.1, "Error Codes"). It matches content.ErrNotFound if the status is
// 404.
type Error struct {
	// Subject is the requested object: "registry/repository: blob sha256:...".
	Subject string
	// Status is the HTTP status code.
	Status int
	// Code and Message come from the registry and may be empty: "DENIED", "requested access is denied".
	Code, Message string
	// RetryAfter is the value of the Retry-After header.
	RetryAfter string
	// Anonymous reports that no credential was sent.
	Anonymous bool

	method string // of the request
	place  place
	unread error // why the rest of the answer could not be read; nil if it was read
}

// Unwrap returns the error that kept the rest of the answer from being read, if any.
func (e *Error) Unwrap() error { return e.unread }

// Error implements error.
func (e *Error) Error() string {
	subject := e.Subject
	if e.Status < 400 { // not a refusal, but an unexpected status
		subject += ": unexpected answer"
	}
	text := fmt.Sprintf("%s: %d %s", subject, e.Status, cmp.Or(e.Code, http.StatusText(e.Status)))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RetryAfter != "" {
		text += " (Retry-After: " + e.RetryAfter + ")"
	}
	if e.unread != nil {
		text += ": " + e.unread.Error()
	}
	return text
}

// Is makes errors.Is(e, content.ErrNotFound) report whether the registry lacks the requested object.
func (e *Error) Is(target error) bool {
	return target == content.ErrNotFound && e.Status == http.StatusNotFound
}

func isNotFound(err error) bool { return errors.Is(err, content.ErrNotFound) }

// statusOf returns the status with which the registry, or its token server, refused. It returns 0 for any other error,
// for an error of a source that is itself a registry, and for nil.
func statusOf(err error) int {
	var refusal *Error
	var token *auth.TokenError
	var source *sourceError
	switch {
	case errors.As(err, &source):
		return 0
	case errors.As(err, &refusal):
		return refusal.Status
	case errors.As(err, &token):
		return token.Status
	}
	return 0
}

// Retry implements [transport.Retryable]. If the registry has lost an upload, the upload can start over.
func (e *Error) Retry() (time.Duration, bool) {
	ok := transport.IsTemporary(e.Status) || e.Code == "BLOB_UPLOAD_UNKNOWN" ||
		e.Status == http.StatusRequestedRangeNotSatisfiable
	return transport.ParseRetryAfter(e.RetryAfter), ok
}

// refusal reads an answer with an unexpected status. It does not close the body.
func (r *Repository) refusal(subject string, resp *http.Response) *Error {
	transport.Bound(resp.Body)
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // Report the part that arrived.
	var body struct {
		Errors []struct{ Code, Message string }
	}
	e := &Error{
		Subject: subject, Status: resp.StatusCode, Anonymous: r.session.Anonymous(),
		method: resp.Request.Method, place: r.place(),
		RetryAfter: r.session.Hide(resp.Header.Get("Retry-After")),
	}
	if json.Unmarshal(data, &body) == nil && len(body.Errors) > 0 {
		e.Code, e.Message = r.session.Hide(body.Errors[0].Code), r.session.Hide(body.Errors[0].Message)
	} else if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		e.Message = r.session.Hide(strings.TrimSpace(string(data)))
	}
	if transport.IsSilence(err) {
		e.unread = err
	}
	return e
}

// failure is the error of a request that failed without a refusal: the registry or its token server did not answer, or
// its answer could not be verified.
type failure struct {
	subject string
	place   place
	err     error
}

func (e *failure) Error() string { return e.subject + ": " + e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// failure returns the error of a request.
func (r *Repository) failure(what string, err error) error {
	return &failure{r.subject(what), r.place(), err}
}

// sourceError marks a failure of the source of a blob.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// Retry implements [transport.Retryable]: a source that is a registry has already made its own retries.
func (e *sourceError) Retry() (time.Duration, bool) { return 0, false }
