package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/auth"
)

// advise adds what the user can do about a failure.
func advise(err error, ref reference.Reference, store *auth.Store) error {
	var platform *content.PlatformError
	var refusal *registry.Error
	var token *auth.TokenError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &platform):
		return cli.Hint(err, "--platform chooses others, or all; \"lock remove\" and \"lock add\" change those of an image")
	case errors.Is(err, content.ErrNotFound):
		return cli.Hint(err, "look for a spelling mistake; if the image is gone from %s, pin another tag or digest of it",
			ref.Registry)
	case errors.As(err, &refusal) && isDenied(refusal.Status) && refusal.Anonymous:
		return cli.Hint(err, "there is no such image, or it needs a credential: none for %s was found in %s; "+
			"\"docker login %[1]s\" or \"podman login %[1]s\" makes one", ref.Registry, strings.Join(store.Files, ", "))
	case errors.As(err, &refusal) && isDenied(refusal.Status), errors.As(err, &token) && isDenied(token.Status):
		return cli.Hint(err, "the credential for %s is not accepted or has expired (\"docker login %[1]s\" renews it), "+
			"or its owner may not read %s", ref.Registry, ref.Repository)
	case errors.As(err, &certificate):
		return cli.Hint(err, "certs.d/HOST/ca.crt below /etc/containers or /etc/docker, or the file that SSL_CERT_FILE names,\n"+
			"      can hold further authorities; --insecure does without them")
	case errors.Is(err, http.ErrSchemeMismatch):
		return cli.Hint(err, "the registry has no TLS; --insecure allows that")
	}
	return err
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
