// Package registrytest is a registry for tests, with the faults of real ones.
//
// It follows distribution-spec 1.1 where clients can observe it: uploads have addresses, digests are checked, manifests
// may refer only to stored objects, and tokens have scopes. A test can inspect the stored objects and every request,
// and inject faults.
//
// Non-goals: being fast, storing more than a test needs, deleting.
package registrytest

import (
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Registry is a running registry. It stops at the end of the test.
type Registry struct {
	// Host is the registry's name: "127.0.0.1:PORT".
	Host string
	// URL is the registry's address, without a trailing slash.
	URL string
	// Referrers states what the registry does with subjects.
	Referrers Referrers

	server *httptest.Server
	guard  guard // nil: every request is allowed

	mu           sync.Mutex
	repositories map[string]*repository
	faults       []*fault
	requests     []Request
	uploads      int
	received     int64
}

// Request is one request that was made.
type Request struct {
	// Method, Path (with the query) and Authorization are taken from the request.
	Method, Path, Authorization string
}

// String returns "METHOD PATH" without the query, in which upload addresses differ from one test to the next.
func (r Request) String() string {
	path, _, _ := strings.Cut(r.Path, "?")
	return r.Method + " " + path
}

// New starts a registry without TLS that asks for no credentials.
func New(t testing.TB) *Registry { return start(t, (*httptest.Server).Start, nil) }

// NewTLS starts a registry with an untrusted certificate.
func NewTLS(t testing.TB) *Registry { return start(t, (*httptest.Server).StartTLS, nil) }

// NewBasic starts a registry that requires basic authentication.
func NewBasic(t testing.TB, user, password string) *Registry {
	return start(t, (*httptest.Server).Start, basicGuard{user, password})
}

// NewBearer starts a registry that requires tokens of the token server.
func NewBearer(t testing.TB, tokens *TokenServer) *Registry {
	return start(t, (*httptest.Server).Start, tokens)
}

func start(t testing.TB, listen func(*httptest.Server), g guard) *Registry {
	r := &Registry{guard: g, repositories: make(map[string]*repository)}
	r.server = httptest.NewUnstartedServer(r)
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // Faults are expected.
	listen(r.server)
	t.Cleanup(r.server.Close)
	r.URL = r.server.URL
	_, r.Host, _ = strings.Cut(r.URL, "://")
	return r
}

// Requests returns the requests made so far, those to "/v2/" itself excepted, and forgets them.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	made := r.requests
	r.requests = nil
	return made
}

// Received returns how many bytes of blobs have arrived so far, and resets the count.
func (r *Registry) Received() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.received
	r.received = 0
	return n
}

// Tags returns the repository's tags with the digests that they name.
func (r *Registry) Tags(name string) map[string]digest.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.repository(name).tags)
}

// Digests returns the digests of the repository's blobs and manifests, sorted.
func (r *Registry) Digests(name string) []digest.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repository(name)
	all := slices.Collect(maps.Keys(repo.blobs))
	return slices.Sorted(slices.Values(slices.AppendSeq(all, maps.Keys(repo.manifests))))
}

// AddBlob stores a blob and returns its digest.
func (r *Registry) AddBlob(name string, data []byte) digest.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := digest.FromBytes(data)
	r.repository(name).blobs[d] = data
	return d
}

// AddManifest stores a document of any media type under its digest and a tag, and returns the digest.
func (r *Registry) AddManifest(name, tag, mediaType string, data []byte) digest.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repository(name).add(tag, mediaType, data)
}

var apiPath = regexp.MustCompile(`^/v2/(.+)/(blobs|manifests|referrers)/(uploads/[0-9]*|[^/]+)$`)

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if apiPath.MatchString(req.URL.Path) {
		r.record(req)
	}
	if f := r.findFault(req); f == nil || !f(w, req) {
		r.Serve(w, req)
	}
}

// Serve answers a request without recording it and without faults. A fault may call it.
func (r *Registry) Serve(w http.ResponseWriter, req *http.Request) {
	match := apiPath.FindStringSubmatch(req.URL.Path)
	if match == nil {
		return // "/v2/": the status alone shows that this is a registry
	}
	if r.guard != nil && !r.guard.admit(w, req, match[1]) {
		return
	}
	switch {
	case match[2] == "referrers":
		r.serveReferrers(w, match[1], digest.Digest(match[3]))
	case match[2] == "manifests":
		r.serveManifest(w, req, match[1], match[3])
	case strings.HasPrefix(match[3], "uploads/"):
		r.serveUpload(w, req, match[1], strings.TrimPrefix(match[3], "uploads/"))
	default:
		r.serveBlob(w, req, match[1], digest.Digest(match[3]))
	}
}

func (r *Registry) record(req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, Request{req.Method, req.URL.RequestURI(), req.Header.Get("Authorization")})
}

// refuse answers with an error as the specification defines it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

// readBody returns the request's body, or false if it did not arrive whole.
func readBody(req *http.Request) ([]byte, bool) {
	data, err := io.ReadAll(req.Body)
	return data, err == nil
}
