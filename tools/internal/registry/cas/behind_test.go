package cas

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// broken is a source that fails.
type broken struct{ err error }

func (b broken) Open(context.Context, oci.Descriptor) (io.ReadCloser, error) { return nil, b.err }

// A blob comes from its file if it is whole, otherwise from the cache.
func TestBehind(t *testing.T) {
	dir := t.TempDir()
	files := new(content.Files)
	s := &server{blobs: make(map[string][]byte)}
	cache, err := New(start(t, s, "http"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n, test := range []struct {
		local    content.Source
		file     func(data []byte) []byte // the contents of the file, nil if there is none
		cached   bool
		requests int
		want     error
	}{
		{files, bytes.Clone, false, 0, nil},
		{files, func(data []byte) []byte { return data[1:] }, true, 1, nil},
		{files, nil, true, 1, nil},
		{files, nil, false, 1, content.ErrNotFound},
		{content.Multi{}, nil, true, 1, nil},
		{broken{io.ErrUnexpectedEOF}, nil, true, 0, io.ErrUnexpectedEOF},
	} {
		data, d := random(100 + n)
		path := filepath.Join(dir, d.Digest.Encoded())
		files.Add(d.Digest, path)
		if test.file != nil {
			if err := os.WriteFile(path, test.file(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if test.cached {
			s.blobs["cas/"+d.Digest.Encoded()] = data
		}
		before := len(s.asked)
		var b bytes.Buffer
		err := content.Copy(t.Context(), &b, cache.Behind(test.local), d)
		if !errors.Is(err, test.want) || err == nil && !bytes.Equal(b.Bytes(), data) || len(s.asked)-before != test.requests {
			t.Errorf("%d: %v, %d requests", n, err, len(s.asked)-before)
		}
	}
}
