// Package registryflags declares the flag for connections to registries, which all programs that make some share.
package registryflags

import (
	"flag"

	"github.com/rules-strata/rules_strata/tools/internal/registry"
)

// Flags are the values of the flags.
type Flags struct {
	// Insecure accepts untrusted certificates and plain HTTP.
	Insecure bool
}

// Declare declares --insecure.
func Declare(set *flag.FlagSet) *Flags {
	f := new(Flags)
	set.BoolVar(&f.Insecure, "insecure", false, "accept registries with an untrusted certificate, or without TLS")
	return f
}

// Client returns a client with the credentials and certificates of the user, see [registry.NewUserClient].
func (f *Flags) Client() *registry.Client { return registry.NewUserClient(f.Insecure) }
