package main

import (
	"cmp"
	"crypto/tls"
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/cli"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// tlsFlags are the files for TLS with the remote cache. The flags have the names of Bazel's.
type tlsFlags struct{ authorities, certificate, key string }

func (f *tlsFlags) declare(flags *flag.FlagSet) {
	flags.StringVar(&f.authorities, "tls-certificate", "",
		"`file` with more authorities for the remote cache, as in Bazel's --tls_certificate")
	flags.StringVar(&f.certificate, "tls-client-certificate", "",
		"`file` with the client certificate for the remote cache, as in Bazel's --tls_client_certificate")
	flags.StringVar(&f.key, "tls-client-key", "", "`file` with the key of --tls-client-certificate")
}

// override replaces the values of f with those set in other.
func (f *tlsFlags) override(other tlsFlags) {
	f.authorities = cmp.Or(other.authorities, f.authorities)
	f.certificate, f.key = cmp.Or(other.certificate, f.certificate), cmp.Or(other.key, f.key)
}

// config returns the TLS configuration, or nil if nothing is set.
func (f *tlsFlags) config() (*tls.Config, error) {
	if *f == (tlsFlags{}) {
		return nil, nil
	}
	config := new(tls.Config)
	if (f.certificate == "") != (f.key == "") {
		return nil, cli.Usage("--tls-client-certificate and --tls-client-key must be set together")
	}
	if f.certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return nil, cli.Usage("--tls-client-certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if f.authorities != "" {
		if err := transport.AddAuthorities(config, f.authorities); err != nil {
			return nil, cli.Usage("--tls-certificate: %w", err)
		}
	}
	return config, nil
}
