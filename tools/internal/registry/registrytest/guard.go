package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// guard authorizes requests.
type guard interface {
	// admit reports whether the request to the repository may proceed. If not, it has answered.
	admit(w http.ResponseWriter, req *http.Request, repository string) bool
}

type basicGuard struct{ user, password string }

func (g basicGuard) admit(w http.ResponseWriter, req *http.Request, _ string) bool {
	user, password, _ := req.BasicAuth()
	if user == g.user && password == g.password {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}

// TokenServer issues the tokens of the token protocol. Anybody may pull; only the user may push.
type TokenServer struct {
	// URL is the server's address, with a path.
	URL string
	// ExpiresIn is the lifetime stated with tokens, in seconds. Zero means that none is stated.
	ExpiresIn int
	// IdentityToken, if not empty, is accepted in place of the password.
	IdentityToken string
	// Hidden is a repository that the user has no access to.
	Hidden string

	user, password string

	mu       sync.Mutex
	tokens   map[string]string // token to scope
	made     int
	requests []Request
	faults   []Fault
}

// NewTokenServer starts a token server for one user. It stops at the end of the test.
func NewTokenServer(t testing.TB, user, password string) *TokenServer {
	s := &TokenServer{user: user, password: password, tokens: make(map[string]string)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL + "/token"
	return s
}

// Requests returns the requests made so far, and forgets them.
func (s *TokenServer) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.requests
	s.requests = nil
	return made
}

// Revoke makes all tokens invalid.
func (s *TokenServer) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Inject applies faults to the next requests, one each.
func (s *TokenServer) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// ServeHTTP implements http.Handler.
func (s *TokenServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	req.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{req.Method, req.URL.RequestURI(), req.Header.Get("Authorization")})
	if len(s.faults) > 0 {
		f := s.faults[0]
		s.faults = s.faults[1:]
		if f(w, req) {
			return
		}
	}
	user, password, known := req.BasicAuth()
	refreshed := s.IdentityToken != "" && req.PostForm.Get("refresh_token") == s.IdentityToken
	if known && (user != s.user || password != s.password) {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	scope := strings.Join(req.Form["scope"], " ")
	if !known && !refreshed {
		scope = strings.ReplaceAll(scope, ",push", "")
	}
	if s.Hidden != "" {
		scope = strings.ReplaceAll(scope, "repository:"+s.Hidden+":", "repository:nothing:")
	}
	s.made++
	token := fmt.Sprintf("token-%d", s.made)
	s.tokens[token] = scope
	answer := map[string]any{"token": token}
	if s.ExpiresIn > 0 {
		answer["expires_in"] = s.ExpiresIn
	}
	json.NewEncoder(w).Encode(answer)
}

// admit implements guard. Mounting a blob requires pull access to the repository that it is mounted from.
func (s *TokenServer) admit(w http.ResponseWriter, req *http.Request, repository string) bool {
	action := "pull"
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		action = "push"
	}
	from := req.URL.Query().Get("from")
	if s.allows(req, repository, action) && (from == "" || s.allows(req, from, "pull")) {
		return true
	}
	scope := fmt.Sprintf("repository:%s:%s", repository, action)
	if from != "" {
		scope += fmt.Sprintf(" repository:%s:pull", from)
	}
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s",service="registry.test",scope="%s"`, s.URL, scope))
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}

// allows reports whether the request's token permits an action.
func (s *TokenServer) allows(req *http.Request, repository, action string) bool {
	token := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	scope := s.tokens[token]
	s.mu.Unlock()
	for _, s := range strings.Fields(scope) {
		parts := strings.Split(s, ":")
		if len(parts) == 3 && parts[1] == repository && slices.Contains(strings.Split(parts[2], ","), action) {
			return true
		}
	}
	return false
}
