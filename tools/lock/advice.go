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
	"github.com/rules-strata/rules_strata/tools/internal/registry/pin"
)

// advise adds a hint to an error that the user can fix.
func advise(err error, ref reference.Reference, store *auth.Store) error {
	var platform *pin.PlatformError
	var refusal *registry.Error
	var token *auth.TokenError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &platform):
		return cli.Hint(err, "select others, or all, with --platform; \"lock remove\" and \"lock add\" change those of an image")
	case errors.Is(err, content.ErrNotFound):
		return cli.Hint(err, "check the spelling; if the image is gone from %s, pin another tag or digest", ref.Registry)
	case errors.As(err, &refusal) && isDenied(refusal.Status) && refusal.Anonymous:
		return cli.Hint(err, "the image does not exist or requires a credential, and none for %s was found in %s; "+
			"log in with \"docker login %[1]s\" or \"podman login %[1]s\"", ref.Registry, strings.Join(store.Files, ", "))
	case errors.As(err, &refusal) && isDenied(refusal.Status), errors.As(err, &token) && isDenied(token.Status):
		return cli.Hint(err, "the credential for %s is invalid or has expired (\"docker login %[1]s\" renews it), "+
			"or the user is not allowed to read %s", ref.Registry, ref.Repository)
	case errors.As(err, &certificate):
		return cli.Hint(err, "add the certificate authority to certs.d/HOST/ca.crt below /etc/containers or /etc/docker, or to\n"+
			"      the file named by SSL_CERT_FILE; --insecure accepts any certificate")
	case errors.Is(err, http.ErrSchemeMismatch):
		return cli.Hint(err, "the registry does not use TLS; --insecure allows that")
	}
	return err
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}
