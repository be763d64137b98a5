package blob

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func write(t *testing.T, path string, format compress.Format, pieces ...string) Result {
	t.Helper()
	w, err := Create(path, format, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, piece := range pieces {
		if n, err := io.WriteString(w, piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	result, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

var formats = []compress.Format{
	{Codec: oci.Uncompressed},
	{Codec: oci.Gzip, Level: 6},
	{Codec: oci.Zstd, Level: 3},
}

func TestResult(t *testing.T) {
	pieces := []string{"", "hello ", strings.Repeat("x", 3<<20), "end"}
	plain := strings.Join(pieces, "")
	path := filepath.Join(t.TempDir(), "blob")
	for _, format := range formats {
		got := write(t, path, format, pieces...)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := Result{digest.FromBytes(file), int64(len(file)), digest.FromBytes([]byte(plain)), int64(len(plain))}
		if got != want {
			t.Errorf("%v: got %+v\nwant %+v", format, got, want)
		}
		if format.Codec != oci.Uncompressed && len(file) > len(plain)/100 {
			t.Errorf("%v: %d bytes became %d", format, len(plain), len(file))
		}
		if format.Codec == oci.Gzip {
			r, err := gzip.NewReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if data, err := io.ReadAll(r); string(data) != plain || err != nil {
				t.Errorf("unpacked to %d bytes, %v", len(data), err)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	got := write(t, filepath.Join(t.TempDir(), "blob"), compress.Format{Codec: oci.Uncompressed})
	want := fmt.Sprint(Result{Digest: digest.FromBytes(nil), DiffID: digest.FromBytes(nil)})
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "blob"), compress.Format{Codec: oci.Gzip, Level: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 5<<20)); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if list, err := os.ReadDir(dir); len(list) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", list, err)
	}
}

func TestCreateRefused(t *testing.T) {
	_, err := Create(filepath.Join(t.TempDir(), "no", "blob"), compress.Format{Codec: oci.Uncompressed}, nil)
	if !os.IsNotExist(err) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "blob"), compress.Format{Codec: oci.Gzip, Level: 77}, nil); err == nil {
		t.Error("no error for level 77")
	}
	if list, err := os.ReadDir(dir); len(list) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
