// Package listingtest writes listings for tests.
package listingtest

import (
	"bytes"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Write writes the listings of layers, which are uncompressed, to the file at path.
func Write(t testing.TB, path string, layers ...[]byte) {
	t.Helper()
	f, err := listing.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	for _, layer := range layers {
		d := digest.FromBytes(layer)
		want := listing.Header{DiffID: d, Digest: d, Size: int64(len(layer))}
		if err := f.Add(t.Context(), bytes.NewReader(layer), want, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
}
