package oci

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// CheckDescriptor returns an error unless the digest of d has its only valid form, which is safe as a part of a path, and
// the size is not negative. A descriptor from a document must not be used unchecked.
func CheckDescriptor(d Descriptor) error {
	if _, err := digest.Parse(string(d.Digest)); err != nil {
		return err
	}
	if d.Size < 0 {
		return fmt.Errorf("%s: size %d is negative", d.Digest, d.Size)
	}
	return nil
}
