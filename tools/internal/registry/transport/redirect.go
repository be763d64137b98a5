package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxRedirects is how many redirects one request follows.
const maxRedirects = 5

// carried are the headers that may follow a redirect to another host. Any other header may contain a secret.
var carried = []string{"Accept", "Content-Range", "Content-Type", "Expect", "Range", "User-Agent"}

// redirectError is the error for a redirect that is not followed.
type redirectError struct{ reason string }

func (e *redirectError) Error() string { return "redirect refused: " + e.reason }

// Retry implements [Retryable].
func (e *redirectError) Retry() (time.Duration, bool) { return 0, false }

// checkRedirect is the policy of all clients: a secret is sent only to the host that it is for, and a redirect never drops
// TLS. The body of a POST (a token request contains a secret) is not sent to another host: the redirect is returned instead.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	req.Header.Del("Referer") // It may contain a signed URL.
	req.URL.User = nil
	switch {
	case len(via) > maxRedirects:
		return &redirectError{fmt.Sprintf("more than %d in a row", maxRedirects)}
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return &redirectError{fmt.Sprintf("to the scheme %q", req.URL.Scheme)}
	case first.URL.Scheme == "https" && req.URL.Scheme != "https":
		return &redirectError{"from TLS to plain HTTP on " + req.URL.Host}
	case SameOrigin(first.URL, req.URL):
		return nil
	case first.Method == http.MethodPost:
		return http.ErrUseLastResponse
	}
	for name := range req.Header {
		if !slices.Contains(carried, name) {
			req.Header.Del(name)
		}
	}
	return nil
}

// SameOrigin reports whether two URLs have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}
