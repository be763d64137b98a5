// Package registrytest is a registry inside a test, with the faults of real ones.
//
// It follows distribution-spec 1.1 where clients can see it: uploads with their addresses, digests that are checked,
// manifests that may refer only to what is there, tokens with scopes. A test can look at what is stored and at every
// request that was made, and put faults in the way of requests.
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

// Registry is a running registry. It ends with its test.
type Registry struct {
	// Host is the registry's name: "127.0.0.1:PORT".
	Host string
	// URL is the registry's address, without a slash at the end.
	URL string

	server *httptest.Server
	guard  guard // nil: everybody may do everything

	mu           sync.Mutex
	repositories map[string]*repository
	faults       []*fault
	requests     []Request
	uploads      int
	received     int64
}

// Request is one request that was made.
type Request struct {
	// Method, Path (with the query) and Authorization are those of the request.
	Method, Path, Authorization string
}

// String returns "METHOD PATH" without the query, in which upload addresses differ from one test to the next.
func (r Request) String() string {
	path, _, _ := strings.Cut(r.Path, "?")
	return r.Method + " " + path
}

// New starts a registry without TLS that asks for no credentials.
func New(t testing.TB) *Registry { return start(t, (*httptest.Server).Start, nil) }

// NewTLS starts a registry with a certificate that nobody knows.
func NewTLS(t testing.TB) *Registry { return start(t, (*httptest.Server).StartTLS, nil) }

// NewBasic starts a registry that wants basic authentication.
func NewBasic(t testing.TB, user, password string) *Registry {
	return start(t, (*httptest.Server).Start, basicGuard{user, password})
}

// NewBearer starts a registry that wants the tokens of the token server.
func NewBearer(t testing.TB, tokens *TokenServer) *Registry {
	return start(t, (*httptest.Server).Start, tokens)
}

func start(t testing.TB, listen func(*httptest.Server), g guard) *Registry {
	r := &Registry{guard: g, repositories: make(map[string]*repository)}
	r.server = httptest.NewUnstartedServer(r)
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // Faults are no news.
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

// Received returns how many bytes of blobs have arrived so far, and begins to count anew.
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

var apiPath = regexp.MustCompile(`^/v2/(.+)/(blobs|manifests)/(uploads/[0-9]*|[^/]+)$`)

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if apiPath.MatchString(req.URL.Path) {
		r.record(req)
	}
	if f := r.findFault(req); f == nil || !f(w, req) {
		r.Serve(w, req)
	}
}

// Serve does what a request asks for: without a record, and without faults. A fault may use it.
func (r *Registry) Serve(w http.ResponseWriter, req *http.Request) {
	match := apiPath.FindStringSubmatch(req.URL.Path)
	if match == nil {
		return // "/v2/": yes, this is a registry
	}
	if r.guard != nil && !r.guard.admit(w, req, match[1]) {
		return
	}
	switch {
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

// refuse answers with an error of the specification.
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
