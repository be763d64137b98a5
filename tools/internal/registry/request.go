package registry

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// maxRenewals is how often one request is retried after its authorization was refused: once because the registry had
// not asked for any before, once because a token expired.
const maxRenewals = 2

// Repository is one repository of a registry. It is safe for concurrent use.
type Repository struct {
	client   *Client
	registry string   // the registry's name, which may differ from the host in base
	name     string   // registry/repository
	base     *url.URL // without a trailing slash
	http     *http.Client
	session  *auth.Session

	unmountable sync.Map    // repositories (string, true) that the registry refused to mount from
	answered    atomic.Bool // whether the registry has ever answered
}

// request describes one request, so that it can be repeated.
type request struct {
	what   string // its object, for errors: "blob sha256:..."
	method string
	url    *url.URL
	header http.Header
	body   func(context.Context) (io.ReadCloser, error) // nil: no body
	size   int64                                        // of the body
	accept []int                                        // statuses that are not a refusal
	work   int64                                        // bytes that the registry processes before it answers
}

// Name returns "registry/repository".
func (r *Repository) Name() string { return r.name }

// subject returns the prefix of the request's errors.
func (r *Repository) subject(what string) string { return r.name + ": " + what }

// url returns the address of something in the repository.
func (r *Repository) url(path ...string) *url.URL { return r.base.JoinPath(path...) }

// send sends a request with the authorization that the registry requires. The caller must close the response body.
func (r *Repository) send(ctx context.Context, q request) (*http.Response, error) {
	for renewals := 0; ; renewals++ {
		req, err := q.build(ctx)
		if err != nil {
			return nil, r.failure(q.what, err)
		}
		var authorization string
		if transport.SameOrigin(r.base, req.URL) {
			if authorization, err = r.session.Authorization(ctx); err != nil {
				return nil, r.failure(q.what, err)
			}
			setAuthorization(req, authorization)
		}
		resp, err := r.http.Do(req)
		if err != nil {
			return nil, r.noAnswer(q.what, err)
		}
		r.answered.Store(true)
		if slices.Contains(q.accept, resp.StatusCode) {
			return resp, nil
		}
		refusal := r.refusal(r.subject(q.what), resp)
		resp.Body.Close()
		mayRenew := renewals < maxRenewals && transport.SameOrigin(r.base, resp.Request.URL)
		if resp.StatusCode != http.StatusUnauthorized || !mayRenew {
			return nil, refusal
		}
		again, err := r.session.Renew(ctx, resp.Header.Values("WWW-Authenticate"), authorization)
		if err != nil {
			return nil, r.failure(q.what, err)
		}
		if !again {
			refusal.Anonymous = r.session.Anonymous()
			return nil, refusal
		}
	}
}

func setAuthorization(req *http.Request, value string) {
	if value != "" {
		req.Header.Set("Authorization", value)
	}
}

// noAnswer returns the error of a request that got no answer.
func (r *Repository) noAnswer(what string, err error) error {
	return r.failure(what, transport.Failure(err, r.answered.Load()))
}

// build returns the HTTP request and opens its body, if it has one.
func (q request) build(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(transport.WithWork(ctx, q.work), q.method, q.url.String(), nil)
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", transport.UserAgent)
	if q.body == nil || q.size == 0 {
		return req, nil
	}
	req.ContentLength = q.size
	req.GetBody = func() (io.ReadCloser, error) { return q.body(ctx) }
	req.Body, err = q.body(ctx)
	return req, err
}
