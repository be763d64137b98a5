package registry

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// place is where a request failed, as far as advice has to name it.
type place struct {
	registry   string
	repository string   // "registry/repository"
	searched   []string // the files that could have a credential
	anonymous  bool     // whether none was found
}

func (r *Repository) place() place {
	return place{r.registry, r.name, r.client.credentials.Searched(), r.session.Anonymous()}
}

// Hint returns what the user can do about the refusal, or "". Package cli prints it, whichever tool has failed.
func (e *Error) Hint() string {
	at := e.place
	at.anonymous = e.Anonymous
	switch {
	case e.Status != http.StatusNotFound:
		return at.refused(e.Status)
	case e.method == http.MethodGet, e.method == http.MethodHead:
		return "check the spelling of " + at.repository + "; if the image is gone, use another tag or digest"
	case e.method == http.MethodPost:
		return "some registries want a repository to be created before the first push; if it exists, check the spelling of " +
			at.repository
	}
	return ""
}

// Hint returns what the user can do about the failure, or "".
func (e *failure) Hint() string {
	var source *sourceError
	var token *auth.TokenError
	var certificate *tls.CertificateVerificationError
	var network transport.Retryable
	at := e.place
	switch {
	case errors.As(e.err, &source): // It has advice of its own, or is not a registry's.
		return ""
	case errors.As(e.err, &token) && token.Err == nil:
		return at.refused(token.Status)
	case errors.As(e.err, &certificate):
		return fmt.Sprintf("an authority for %s can be put into certs.d/%[1]s/ca.crt below /etc/containers or /etc/docker, "+
			"or into the file that SSL_CERT_FILE names; push, lock and check can do without it with --insecure", at.registry)
	case errors.Is(e.err, http.ErrSchemeMismatch):
		return at.registry + " has no TLS; push, lock and check allow that with --insecure"
	case transport.IsSilence(e.err) && errors.As(e.err, &network): // else it is a credential helper's
		return at.registry + " may be overloaded or out of reach: try again, and look whether a proxy is needed " +
			"(HTTPS_PROXY, NO_PROXY)"
	}
	return ""
}

// refused returns what the user can do about a refusal with an HTTP status.
func (at place) refused(status int) string {
	login := fmt.Sprintf(`"docker login %s" or "podman login %[1]s"`, at.registry)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if at.anonymous {
			return fmt.Sprintf("no credential for %s was found in %s; %s stores one; "+
				"some registries answer the same if %s does not exist", at.registry, strings.Join(at.searched, ", "), login, at.repository)
		}
		return fmt.Sprintf("%s does not accept the credential: it is wrong or has expired (%s renews it), "+
			"or its owner has no access to %s", at.registry, login, at.repository)
	case http.StatusTooManyRequests:
		advice := at.registry + " limits how often it is asked: try again later"
		if at.anonymous {
			advice += "; those who log in may ask more often (" + login + ")"
		}
		return advice
	}
	return ""
}
