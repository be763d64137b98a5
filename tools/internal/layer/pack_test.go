package layer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Pack packs a stream of any length, whatever the sizes of reads, and leaves nothing after an error.
func TestPack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "blob")
	for _, codec := range []oci.Compression{oci.Uncompressed, oci.Gzip, oci.Zstd} {
		format, err := compress.Parse(codec, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, 5 << 20} {
			data := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
			made, err := Pack(iotest.HalfReader(bytes.NewReader(data)), path, format)
			if err != nil || made.DiffID != digest.FromBytes(data) || made.Codec != codec {
				t.Fatalf("%s, %d bytes: %+v, %v", codec, size, made, err)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			r, _, err := decompress.NewReader(t.Context(), f, made.Size)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s, %d bytes: reads as %d, %v", codec, size, len(got), err)
			}
			f.Close()
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		broken := errors.New("broken")
		if _, err := Pack(io.MultiReader(bytes.NewReader([]byte("x")), iotest.ErrReader(broken)), path, format); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}
