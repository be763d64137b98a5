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

// place is where a request failed, in the detail that advice needs.
type place struct {
	registry   string
	repository string   // "registry/repository"
	searched   []string // the files that may contain a credential
	anonymous  bool     // whether no credential was found
}

func (r *Repository) place() place {
	return place{r.registry, r.name, r.client.credentials.Searched(), r.session.Anonymous()}
}

// Hint returns advice for the user about the refusal, or "". Package cli prints it for every tool.
func (e *Error) Hint() string {
	at := e.place
	at.anonymous = e.Anonymous
	switch {
	case e.Status != http.StatusNotFound:
		return at.refused(e.Status)
	case e.method == http.MethodGet, e.method == http.MethodHead:
		return "check the spelling of " + at.repository + "; if the image is gone, use another tag or digest"
	case e.method == http.MethodPost:
		return "some registries require the repository to be created before the first push; if it exists, check the spelling of " +
			at.repository
	}
	return ""
}

// Hint returns advice for the user about the failure, or "".
func (e *failure) Hint() string {
	var source *sourceError
	var token *auth.TokenError
	var certificate *tls.CertificateVerificationError
	var network transport.Retryable
	at := e.place
	switch {
	case errors.As(e.err, &source): // It has its own advice, or does not come from a registry.
		return ""
	case errors.As(e.err, &token) && token.Err == nil:
		return at.refused(token.Status)
	case errors.As(e.err, &certificate):
		return fmt.Sprintf("to trust the authority of %s, put its certificate into certs.d/%[1]s/ca.crt below /etc/containers or "+
			"/etc/docker, or into the file that SSL_CERT_FILE names, or use --insecure", at.registry)
	case errors.Is(e.err, http.ErrSchemeMismatch):
		return at.registry + " has no TLS; --insecure allows that"
	case transport.IsSilence(e.err) && errors.As(e.err, &network): // otherwise it comes from a credential helper
		return at.registry + " may be overloaded or unreachable: try again, and check whether a proxy is needed " +
			"(HTTPS_PROXY, NO_PROXY)"
	}
	return ""
}

// refused returns advice for the user about a refusal with an HTTP status.
func (at place) refused(status int) string {
	login := fmt.Sprintf(`"docker login %s" or "podman login %[1]s"`, at.registry)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if at.anonymous {
			return fmt.Sprintf("no credential for %s was found in %s; %s stores one; "+
				"some registries also respond this way if %s does not exist", at.registry, strings.Join(at.searched, ", "), login,
				at.repository)
		}
		return fmt.Sprintf("%s does not accept the credential: it is wrong or has expired (%s renews it), "+
			"or its owner has no access to %s", at.registry, login, at.repository)
	case http.StatusTooManyRequests:
		advice := at.registry + " limits the request rate: try again later"
		if at.anonymous {
			advice += "; logged-in users may have a higher limit (" + login + ")"
		}
		return advice
	}
	return ""
}
