package content

import "github.com/rules-strata/rules_strata/tools/internal/oci"

// RemoteLayer is a layer that no file holds, only registries.
type RemoteLayer struct {
	// Descriptor is the layer's.
	Descriptor oci.Descriptor
	// Sources are the repositories that hold the blob, as "registry/repository", the best first.
	Sources []string
}
