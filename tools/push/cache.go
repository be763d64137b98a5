package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/cas"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// headerVariable is the environment variable with headers for the remote cache, one "NAME=VALUE" per line. Unlike a flag,
// it is hidden from users who can list processes.
const headerVariable = "STRATA_REMOTE_HEADER"

// cacheFlags state where to find blobs that the build has left in a remote cache.
type cacheFlags struct {
	address string
	headers cli.Strings
	helper  string
	tls     tlsFlags
}

func (f *cacheFlags) declare(flags *flag.FlagSet) {
	flags.StringVar(&f.address, "remote-cache", "",
		"`address` of the remote cache that has the layers without a file, as in Bazel's --remote_cache;\n"+
			"\"?instance=NAME\" behind it is Bazel's --remote_instance_name")
	flags.Var(&f.headers, "remote-header", "header for the remote cache, as `name=value`; "+headerVariable+
		" may hold further ones,\none a line")
	f.tls.declare(flags)
	flags.StringVar(&f.helper, "credential-helper", "",
		"`program` with headers for the remote cache, by the protocol of Bazel's --credential_helper")
}

// override replaces the values of f with those set in other. Headers are added.
func (f *cacheFlags) override(other cacheFlags) {
	f.address, f.helper = cmp.Or(other.address, f.address), cmp.Or(other.helper, f.helper)
	f.headers = append(f.headers, other.headers...)
	f.tls.override(other.tls)
}

// header returns the headers for the cache. Errors do not show a header's value, which may be a secret.
func (f *cacheFlags) header() (http.Header, error) {
	all := make(http.Header)
	for _, pair := range f.headers {
		if !addHeader(all, pair) {
			return nil, cli.Usage("--remote-header: expected NAME=VALUE")
		}
	}
	for line := range strings.Lines(os.Getenv(headerVariable)) {
		if line = strings.TrimSpace(line); line != "" && !addHeader(all, line) {
			return nil, cli.Usage("%s: expected NAME=VALUE in each line", headerVariable)
		}
	}
	return all, nil
}

// addHeader adds NAME=VALUE, and reports whether the pair is valid.
func addHeader(header http.Header, pair string) bool {
	name, value, found := strings.Cut(pair, "=")
	if !found || name == "" || strings.ContainsFunc(name, isNoToken) || strings.ContainsAny(value, "\r\n\x00") {
		return false
	}
	header.Add(name, value)
	return true
}

// isNoToken reports whether a character is invalid in a header's name (RFC 9110, section 5.6.2).
func isNoToken(c rune) bool {
	isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !isLetter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

// behind returns a source of all blobs: local first, then the remote cache, if there is one.
func (f *cacheFlags) behind(local content.Source) (content.Source, error) {
	if f.address == "" {
		return local, nil
	}
	header, err := f.header()
	if err != nil {
		return nil, err
	}
	config, err := f.tls.config()
	if err != nil {
		return nil, err
	}
	cache, err := cas.New(f.address, cas.Options{
		Header: header, Helper: f.helper, TLS: config, Workspace: os.Getenv("BUILD_WORKSPACE_DIRECTORY"),
	})
	if err != nil {
		return nil, cli.Usage("%w", err)
	}
	return cachedSource{local, cache}, nil
}

// cachedSource reads blobs from files if the build left them on this disk, and otherwise from a remote cache.
type cachedSource struct {
	local content.Source
	cache *cas.Cache
}

// Open implements content.Source.
func (s cachedSource) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	r, err := s.local.Open(ctx, d)
	if err == nil && isWhole(r, d) {
		return r, nil
	}
	if err == nil {
		r.Close()
	} else if !errors.Is(err, content.ErrNotFound) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r, err = s.cache.Open(ctx, d)
	return r, adviseCache(err)
}

// isWhole reports whether a blob in a file has the expected size: an earlier build may have left a different file
// behind.
func isWhole(r io.Reader, d oci.Descriptor) bool {
	file, ok := r.(*os.File)
	if !ok {
		return true
	}
	info, err := file.Stat()
	return err == nil && info.Size() == d.Size
}

// adviseCache adds a hint about how to fix a failure of the remote cache.
func adviseCache(err error) error {
	var refusal *cas.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, content.ErrNotFound):
		return cli.Hint(err, "%s", "the cache has dropped the layer, or it does not name what it holds by SHA-256;\n"+
			"      with an empty --@rules_strata//rules:remote_cache= Bazel brings all layers to this disk, and makes anew"+
			" what is lost")
	case errors.As(err, &refusal) && refusal.Denied:
		return cli.Hint(err, "%s", "a credential for the cache can be given by --credential-helper=PROGRAM,"+
			" --remote-header=NAME=VALUE or "+headerVariable)
	case transport.IsTLSAlert(err):
		return cli.Hint(err, "%s", "where the cache wants a client certificate: --tls-client-certificate=FILE"+
			" --tls-client-key=FILE")
	case errors.As(err, &certificate):
		return cli.Hint(err, "--tls-certificate=FILE or SSL_CERT_FILE names a file with further authorities")
	}
	return err
}
