package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

func TestReadDocument(t *testing.T) {
	path := filepath.Join(t.TempDir(), "document")
	for _, test := range []struct {
		size int
		ok   bool
	}{{0, true}, {1, true}, {oci.MaxDocument, true}, {oci.MaxDocument + 1, false}} {
		want := bytes.Repeat([]byte("x"), test.size)
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadDocument(path)
		if (err == nil) != test.ok {
			t.Errorf("%d bytes: %v", test.size, err)
		}
		if test.ok && (got == nil || !bytes.Equal(got, want)) {
			t.Errorf("%d bytes: got %d, nil: %t", test.size, len(got), got == nil)
		}
	}
}
