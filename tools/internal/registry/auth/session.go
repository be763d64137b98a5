package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// Access is the kind of access that a session requests, as the token protocol spells it.
type Access string

// The two kinds of access.
const (
	Pull     Access = "pull"
	PullPush Access = "pull,push"
)

// Doer sends a request and returns the answer, as an *http.Client does. It must not forward the Authorization header,
// or the body of a POST, to a host that it is redirected to.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Session holds one user's proof for one repository. It is safe for concurrent use: the first request to be refused
// gets the new proof, the others wait for it. The exported fields must not change after first use.
type Session struct {
	// Repository is the repository to access.
	Repository reference.Reference
	// Access is the kind of access.
	Access Access
	// Credentials finds the user's credential, when the registry first asks for one.
	Credentials Finder
	// Client sends the requests to the token server.
	Client Doer
	// PlainHTTP reports that the connection to the registry has no TLS. Only then may its token server do without TLS,
	// too: one on a loopback address, or with Insecure any.
	PlainHTTP, Insecure bool

	turn sync.Mutex // held while a proof is obtained or used; guards writes to the fields below
	mu   sync.Mutex // held while the credential and the header change, and to read them without turn

	credential *Credential // nil: not looked up yet
	challenge  challenge
	header     string    // for the next request; empty: send none
	expires    time.Time // when header expires; zero: never
	silence    error     // the token server's last one
	silentAt   time.Time // when it happened
}

// Authorization returns the value of the Authorization header for the next request to the registry, or "" until the
// registry asks for one.
func (s *Session) Authorization(ctx context.Context) (string, error) {
	asked := time.Now()
	s.turn.Lock()
	defer s.turn.Unlock()
	if asked.Before(s.silentAt) {
		return "", s.silence // A caller that waited for the same answer does not wait again.
	}
	if !s.expires.IsZero() && time.Now().After(s.expires) {
		if err := s.answerBearer(ctx); err != nil {
			return "", err
		}
	}
	return s.header, nil
}

// Renew responds to a refusal: status 401 with WWW-Authenticate values, for a request with the Authorization header
// refused ("" for none). It reports whether the request is worth retrying.
func (s *Session) Renew(ctx context.Context, authenticate []string, refused string) (bool, error) {
	asked := time.Now()
	s.turn.Lock()
	defer s.turn.Unlock()
	if asked.Before(s.silentAt) {
		return false, s.silence
	}
	if s.header != refused {
		return true, nil // Another request was refused earlier and has renewed the proof.
	}
	if s.credential == nil {
		c, err := s.Credentials.Find(ctx, s.Repository)
		if err != nil {
			return false, err
		}
		s.mu.Lock()
		s.credential = &c
		s.mu.Unlock()
	}
	if s.credential.RegistryToken != "" {
		if err := checkToken(s.credential.RegistryToken); err != nil {
			return false, fmt.Errorf("credentials: registrytoken of %s: %w", s.Repository.Registry, err)
		}
		s.setHeader("Bearer " + s.credential.RegistryToken)
		return s.header != refused, nil
	}
	var basic bool
	for _, c := range parseChallenges(authenticate) {
		switch c.scheme {
		case "bearer":
			s.challenge = c
			return true, s.answerBearer(ctx)
		case "basic":
			basic = true
		}
	}
	if !basic || s.credential.Username == "" {
		return false, nil
	}
	s.setHeader("Basic " + s.basic())
	return s.header != refused, nil
}

func (s *Session) setHeader(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = value
}

// Anonymous reports whether no credential was found, or none has been needed so far.
func (s *Session) Anonymous() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.credential == nil || s.credential.IsAnonymous()
}

// Hide cleans text from a server for use in an error: it removes secrets that the server may repeat, puts the text on
// one line and limits its length.
func (s *Session) Hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hide(text)
}

func (s *Session) hide(text string) string {
	_, sent, _ := strings.Cut(s.header, " ")
	secrets := []string{sent}
	if c := s.credential; c != nil {
		secrets = append(secrets, c.Password, c.IdentityToken, c.RegistryToken, s.basic())
	}
	return transport.Hide(text, secrets...)
}

// basic returns the credential as defined by RFC 7617.
func (s *Session) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(s.credential.Username + ":" + s.credential.Password))
}
