package content

import "github.com/rules-strata/rules_strata/tools/internal/oci"

// RemoteLayer is a layer that exists only in registries, not as a file.
type RemoteLayer struct {
	// Descriptor is the layer's.
	Descriptor oci.Descriptor
	// Sources are the repositories that have the blob, as "registry/repository", in order of preference.
	Sources []string
}
