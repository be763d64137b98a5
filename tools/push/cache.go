package main

import (
	"cmp"
	"flag"
	"net/http"
	"os"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/registry/cas"
)

// headerVariable is the environment variable with headers for the remote cache, one "NAME=VALUE" per line. Unlike a flag,
// it is hidden from users who can list processes.
const headerVariable = "STRATA_REMOTE_HEADER"

// cacheFlags state how to read the layers that the build has left in a remote cache.
type cacheFlags struct {
	address string
	headers cli.Strings
	helper  string
	tls     tlsFlags
}

func (f *cacheFlags) declare(flags *flag.FlagSet) {
	flags.StringVar(&f.address, "remote-cache", "",
		"`address` of the remote cache that has the layers without a file, as in Bazel's --remote_cache;\n"+
			"append \"?instance=NAME\" for Bazel's --remote_instance_name")
	flags.Var(&f.headers, "remote-header", "header for the remote cache, as `name=value`; "+headerVariable+
		" may contain more,\none per line")
	f.tls.declare(flags)
	flags.StringVar(&f.helper, "remote-cache-credential-helper", "",
		"`program` that returns headers for the remote cache, as for Bazel's --credential_helper")
}

// override replaces the values of f with those set in other. Headers are added.
func (f *cacheFlags) override(other cacheFlags) {
	f.address, f.helper = cmp.Or(other.address, f.address), cmp.Or(other.helper, f.helper)
	f.headers = append(f.headers, other.headers...)
	f.tls.override(other.tls)
}

// open returns the cache, or nil without an address.
func (f *cacheFlags) open() (*cas.Cache, error) {
	if f.address == "" {
		return nil, nil
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
	return cache, nil
}

// header returns the headers for the cache. Errors do not show a header's value, which may be a secret.
func (f *cacheFlags) header() (http.Header, error) {
	all := make(http.Header)
	for _, pair := range f.headers {
		if !cas.AddHeader(all, pair) {
			return nil, cli.Usage("--remote-header: expected NAME=VALUE")
		}
	}
	for line := range strings.Lines(os.Getenv(headerVariable)) {
		if line = strings.TrimSpace(line); line != "" && !cas.AddHeader(all, line) {
			return nil, cli.Usage("%s: expected NAME=VALUE in each line", headerVariable)
		}
	}
	return all, nil
}
