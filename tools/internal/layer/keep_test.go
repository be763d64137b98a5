package layer

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/internal/blob"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func TestKeep(t *testing.T) {
	var plain, packed bytes.Buffer
	w := tar.NewWriter(&plain)
	err := errors.Join(w.WriteHeader(&tar.Header{Name: "b"}), w.WriteHeader(&tar.Header{Name: "a"}), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	id, size := digest.FromBytes(plain.Bytes()), int64(plain.Len())
	same := func(codec oci.Compression) Packing {
		return Packing{Format: compress.Format{Codec: codec}, Keep: KeepSame}
	}
	for _, c := range []struct {
		name  string
		data  []byte
		keep  Packing
		codec oci.Compression
		err   string
	}{
		{"plain", plain.Bytes(), Packing{Keep: KeepAll}, oci.Uncompressed, ""},
		{"gzip", packed.Bytes(), Packing{Keep: KeepAll}, oci.Gzip, ""},
		{"gzip for gzip", packed.Bytes(), same(oci.Gzip), oci.Gzip, ""},
		{"gzip for zstd", packed.Bytes(), same(oci.Zstd), "", errRepack.Error()},
		{"a codec that layers do not support", []byte("BZh9"), Packing{Keep: KeepAll}, "", errRepack.Error()},
		{"truncated", plain.Bytes()[:size-1], Packing{Keep: KeepAll}, "", "SRC: the archive is truncated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			src, path := filepath.Join(dir, "src"), filepath.Join(dir, "blob")
			if err := os.WriteFile(src, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := keep(t.Context(), src, path, c.keep)
			if c.err != "" {
				left, errDir := os.ReadDir(dir)
				if err == nil || strings.ReplaceAll(err.Error(), src, "SRC") != c.err || len(left) != 1 || errDir != nil {
					t.Errorf("got %v, left %v, %v; want %s", err, left, errDir, c.err)
				}
				return
			}
			want := blob.Result{Digest: digest.FromBytes(c.data), Size: int64(len(c.data)), DiffID: id, UncompressedSize: size}
			kept, errRead := os.ReadFile(path)
			if got.Result != want || !got.Kept || got.Codec != c.codec || Summary(got.Entries) != "/a /b (2 files)" ||
				err != nil || errRead != nil || !bytes.Equal(kept, c.data) {
				t.Errorf("got %+v, %v; want %+v, %s", got, err, want, c.codec)
			}
		})
	}
	if _, err := keep(t.Context(), filepath.Join(t.TempDir(), "none"), "", Packing{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
