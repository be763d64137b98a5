package registry

import (
	"context"
	"net/http"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// Endpoint says how a registry is spoken to.
type Endpoint struct {
	// URL is where its API begins, without "/v2/".
	URL string
	// Challenge is what it asks for, or nil if it asks for nothing.
	Challenge *auth.Challenge
}

// Endpoint asks the registry that ref names what it asks for from those who pull from the repository: it looks for the
// blob of no bytes there, without proving anything. Whether the registry has that does not matter. "/v2/" itself would
// be no better a question, for some answer that to anybody.
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
