package cas

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

const (
	// helperTimeout is how long a helper may take; helperValidity is how long its answer is valid by default.
	// Bazel uses the same values.
	helperTimeout  = 10 * time.Second
	helperValidity = 30 * time.Minute
)

// credentials are the headers that go with each request.
type credentials struct {
	fixed     http.Header
	helper    string
	workspace string
	uri       string // the URI that the helper gets

	mu      sync.Mutex // held while the helper runs, so that only one runs at a time
	answer  http.Header
	expires time.Time
}

func newCredentials(a address, o Options) *credentials {
	c := &credentials{fixed: make(http.Header), helper: o.Helper, workspace: o.Workspace}
	for name, values := range o.Header {
		for _, value := range values {
			c.fixed.Add(name, value)
		}
	}
	if a.user != nil {
		password, _ := a.user.Password()
		pair := []byte(a.user.Username() + ":" + password)
		c.fixed.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString(pair))
	}
	service := "cas"
	if a.grpc {
		service = "google.bytestream.ByteStream"
	}
	uri := a.url.JoinPath(service)
	if a.grpc {
		uri.Scheme = "https" // gRPC libraries, and so Bazel, use https with and without TLS
	}
	c.uri = uri.String()
	return c
}

// header returns the headers to send.
func (c *credentials) header(ctx context.Context) (http.Header, error) {
	all := c.fixed.Clone()
	if c.helper == "" {
		return all, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer == nil || !time.Now().Before(c.expires) {
		if err := c.ask(ctx); err != nil {
			return nil, err
		}
	}
	for name, values := range c.answer {
		all[name] = values
	}
	return all, nil
}

// forget discards the helper's answer, so that the helper runs again. It reports whether there is a helper.
func (c *credentials) forget() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = nil
	return c.helper != ""
}

// hide cleans text from the cache for use in an error: it removes the values of headers, and the words in them.
func (c *credentials) hide(text string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var secrets []string
	for _, header := range []http.Header{c.fixed, c.answer} {
		for _, values := range header {
			for _, value := range values {
				secrets = append(append(secrets, strings.Fields(value)...), value)
			}
		}
	}
	isWord := func(text string) bool { return len(text) <= 7 } // like "Bearer" and "Basic"
	return transport.Hide(text, slices.DeleteFunc(secrets, isWord)...)
}

// helperError is the error for a helper that does not answer.
type helperError struct {
	helper string
	err    error
}

func (e *helperError) Error() string { return fmt.Sprintf("credential helper %s: %v", e.helper, e.err) }
func (e *helperError) Unwrap() error { return e.err }

// Retry implements [transport.Retryable].
func (e *helperError) Retry() (time.Duration, bool) { return 0, false }

// ask runs the helper: "get" as its argument, {"uri": ...} as its input, {"headers": {NAME: [VALUE...]}, "expires":
// TIME} as its output (EngFlow's credential-helper-spec, which is Bazel's).
func (c *credentials) ask(ctx context.Context) error {
	program := c.helper
	if inside, ok := strings.CutPrefix(program, "%workspace%/"); ok {
		program = filepath.Join(c.workspace, inside)
	}
	input, err := json.Marshal(map[string]string{"uri": c.uri})
	if err != nil {
		return err
	}
	helper := transport.Helper{
		Name: filepath.Base(program), Path: program, Dir: c.workspace,
		Limits: transport.Limits{Notice: transport.DefaultLimits.Notice, Silence: helperTimeout},
	}
	stdout, stderr, err := helper.Get(ctx, string(input))
	if err != nil {
		return &helperError{c.helper, fmt.Errorf("%w%s", err, transport.Complaint(stderr))}
	}
	return c.take(stdout)
}

// take parses a helper's answer.
func (c *credentials) take(data []byte) error {
	var answer struct {
		Headers map[string][]string
		Expires time.Time
	}
	if err := json.Unmarshal(data, &answer); err != nil { // The error may contain a secret, so do not show it.
		return &helperError{c.helper, fmt.Errorf("the answer of %d bytes violates the protocol", len(data))}
	}
	c.answer = make(http.Header)
	for name, values := range answer.Headers {
		for _, value := range values {
			c.answer.Add(name, value)
		}
	}
	if c.expires = answer.Expires; c.expires.IsZero() {
		c.expires = time.Now().Add(helperValidity)
	}
	return nil
}
