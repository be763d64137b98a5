package registry

import (
	"context"
	"net/http"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// Endpoint describes how to connect to a registry.
type Endpoint struct {
	// URL is the base address of its API, without "/v2/".
	URL string
	// Challenge is the authentication it requires, or nil if it requires none.
	Challenge *auth.Challenge
}

// Endpoint finds out which authentication the registry that ref names requires for pulling from the repository: it
// sends an unauthenticated request for the empty blob. It does not matter whether the registry has that blob. A request
// for "/v2/" itself would not do, because some registries answer it without authentication.
func (c *Client) Endpoint(ctx context.Context, ref reference.Reference) (Endpoint, error) {
	r, err := c.Repository(ctx, ref, auth.Pull)
	if err != nil {
		return Endpoint{}, err
	}
	end := Endpoint{URL: r.base.Scheme + "://" + r.base.Host}
	q := request{what: "API", method: http.MethodHead, url: r.url("blobs", digest.FromBytes(nil).String())}
	err = c.wait.Retry(ctx, func() error {
		req, err := q.build(ctx)
		if err != nil {
			return err
		}
		resp, err := r.http.Do(req)
		if err != nil {
			return r.noAnswer(q.what, err)
		}
		defer resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK, http.StatusNotFound:
			return nil
		case http.StatusUnauthorized:
			if challenge, ok := auth.ParseChallenge(resp.Header.Values("WWW-Authenticate")); ok {
				end.Challenge = &challenge
				return nil
			}
		}
		return r.refusal(r.subject(q.what), resp)
	})
	return end, err
}
