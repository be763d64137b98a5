package cas

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// failure is the error of a blob that cannot be read.
type failure struct {
	cache string // its name
	blob  digest.Digest
	err   error
}

func (e *failure) Error() string {
	return fmt.Sprintf("remote cache %s: %s: %v", e.cache, e.blob, e.err)
}
func (e *failure) Unwrap() error { return e.err }

// Hint returns advice for the user of push about the failure, or "".
func (e *failure) Hint() string {
	var refusal *Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(e.err, content.ErrNotFound):
		return "the cache has dropped the layer, or does not address blobs by SHA-256;\n" +
			"      with an empty --@rules_strata//rules:remote_cache= Bazel downloads all layers to this disk, and builds" +
			" lost ones again"
	case errors.As(e.err, &refusal) && refusal.Denied:
		return "pass a credential for the cache with --remote-cache-credential-helper=PROGRAM, --remote-header=NAME=VALUE" +
			" or STRATA_REMOTE_HEADER"
	case transport.IsTLSAlert(e.err):
		return "if the cache requires a client certificate: --tls-client-certificate=FILE --tls-client-key=FILE"
	case errors.As(e.err, &certificate):
		return "--tls-certificate=FILE or SSL_CERT_FILE names a file with further authorities"
	}
	return ""
}
