package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const (
	// maxAnswer bounds a token server's answer, in bytes.
	maxAnswer = 1 << 20
	// defaultLife is the lifetime of a token whose server does not state one.
	defaultLife = 60 * time.Second
)

// TokenError is returned when a token server does not issue a token. It wraps Err.
type TokenError struct {
	Host       string // the token server
	Err        error  // why no answer arrived; nil if one did
	Status     int    // the HTTP status; 0 if no answer arrived
	Message    string // the server's own message, if any
	RetryAfter string // the value of the Retry-After header
}

// Unwrap returns e.Err.
func (e *TokenError) Unwrap() error { return e.Err }

// Error implements error.
func (e *TokenError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("token server %s: %v", e.Host, e.Err)
	}
	text := fmt.Sprintf("token server %s: %d %s", e.Host, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Retry implements [transport.Retryable].
func (e *TokenError) Retry() (time.Duration, bool) {
	var cause transport.Retryable
	if errors.As(e.Err, &cause) {
		return cause.Retry()
	}
	return transport.ParseRetryAfter(e.RetryAfter), transport.IsTemporary(e.Status)
}

// answerBearer gets a new access token. The caller holds turn.
func (s *Session) answerBearer(ctx context.Context) error {
	err := s.askForToken(ctx)
	var silence *transport.SilenceError
	if errors.As(err, &silence) {
		s.silence, s.silentAt = err, time.Now()
	}
	return err
}

func (s *Session) askForToken(ctx context.Context) error {
	s.setHeader("")
	s.expires = time.Time{}
	realm, err := s.realm()
	if err != nil {
		return err
	}
	req, err := s.tokenRequest(ctx, realm)
	if err != nil {
		return fmt.Errorf("token server %s: %w", realm.Host, err)
	}
	start := time.Now()
	resp, err := s.Client.Do(req)
	if err != nil {
		return &TokenError{Host: realm.Host, Err: transport.Failure(err, false)}
	}
	defer resp.Body.Close()
	transport.Bound(resp.Body)
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &TokenError{Host: realm.Host, Err: transport.Failure(err, true)}
	}
	if resp.StatusCode != http.StatusOK {
		return &TokenError{
			Host: realm.Host, Status: resp.StatusCode, Message: s.hide(tokenMessage(data)),
			RetryAfter: resp.Header.Get("Retry-After"),
		}
	}
	token, life, err := parseToken(data)
	if err != nil {
		return fmt.Errorf("token server %s: %w", realm.Host, err)
	}
	s.setHeader("Bearer " + token)
	s.expires = start.Add(life - life/10) // Renew a little before it expires.
	return nil
}

// realm returns the token server's address. A registry cannot make us send the credential in the clear, unless both it
// and the token server are on this machine, or the user allows it.
func (s *Session) realm() (*url.URL, error) {
	realm, err := url.Parse(s.challenge.params["realm"])
	if err != nil || realm.Host == "" || realm.Scheme != "https" && realm.Scheme != "http" {
		return nil, errors.New("the registry names no token server: realm is not an http(s) address")
	}
	if realm.Scheme == "http" && !(s.PlainHTTP && (s.Insecure || reference.IsLoopback(realm.Hostname()))) {
		return nil, fmt.Errorf("token server %s: no TLS; the credential is not sent there", realm.Host)
	}
	realm.User = nil
	return realm, nil
}

// tokenRequest returns a GET with basic authentication, or a POST that exchanges an identity token.
func (s *Session) tokenRequest(ctx context.Context, realm *url.URL) (*http.Request, error) {
	query := url.Values{"scope": s.scopes()}
	if service := s.challenge.params["service"]; service != "" {
		query.Set("service", service)
	}
	if s.credential.IdentityToken != "" {
		query.Set("scope", strings.Join(s.scopes(), " "))
		query.Set("grant_type", "refresh_token")
		query.Set("refresh_token", s.credential.IdentityToken)
		query.Set("client_id", transport.UserAgent)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, realm.String(), strings.NewReader(query.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
	for name, values := range realm.Query() {
		if !query.Has(name) {
			query[name] = values
		}
	}
	realm.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.String(), nil)
	if err == nil && s.credential.Username != "" {
		req.Header.Set("Authorization", "Basic "+s.basic())
	}
	return req, err
}

// scopes returns the scopes to request: the session's own, and any others that the challenge names.
func (s *Session) scopes() []string {
	own := "repository:" + s.Repository.Repository + ":"
	scopes := []string{own + string(s.Access)}
	for _, scope := range strings.Fields(s.challenge.params["scope"]) {
		if !strings.HasPrefix(scope, own) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// parseToken returns the token in a token server's answer and how long it is valid.
func parseToken(data []byte) (string, time.Duration, error) {
	var answer struct {
		Token       string  `json:"token"`
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return "", 0, errors.New("the answer is not a token in JSON") // it may contain one, so do not show it
	}
	token := cmp.Or(answer.Token, answer.AccessToken)
	if token == "" {
		return "", 0, errors.New("the answer contains no token")
	}
	if err := checkToken(token); err != nil {
		return "", 0, err
	}
	const day = 24 * 60 * 60
	if answer.ExpiresIn <= 0 {
		return token, defaultLife, nil
	}
	return token, time.Duration(min(answer.ExpiresIn, day) * float64(time.Second)), nil
}

// checkToken rejects a token that cannot be sent in a header: a retry would not help.
func checkToken(token string) error {
	if strings.ContainsFunc(token, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return errors.New("the token contains a line break or another control character")
	}
	return nil
}

// tokenMessage finds the message in a refusal, in the format of registries or of OAuth 2 (RFC 6749, section 5.2).
func tokenMessage(data []byte) string {
	var answer struct {
		Errors  []struct{ Code, Message string }
		Error   string `json:"error"`
		Words   string `json:"error_description"`
		Details string `json:"details"`
	}
	if json.Unmarshal(data, &answer) != nil {
		return ""
	}
	if len(answer.Errors) > 0 {
		return strings.TrimSpace(answer.Errors[0].Code + " " + answer.Errors[0].Message)
	}
	return cmp.Or(answer.Words, answer.Details, answer.Error)
}
