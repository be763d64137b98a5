package listing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/decompress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tarfile"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Look gets each entry of a layer while it is read. It may read the content of a regular file from content, and need not read
// all of it. The entry has no digest yet.
type Look func(e Entry, content io.Reader) error

// scanner reads a layer.
type scanner struct {
	look   Look // or nil
	emit   func(Entry) error
	buffer []byte
}

// scan reads the blob of a layer to its end, and passes its entries on. The blob must have the digest, the size and the diff
// ID of want. The result is the header of the listing.
func (s *scanner) scan(ctx context.Context, blob io.Reader, want Header) (Header, error) {
	packed := digest.NewVerifier(blob, want.Digest, want.Size)
	plain, _, err := decompress.NewReader(ctx, packed, want.Size)
	if err != nil {
		return Header{}, err
	}
	defer plain.Close()
	sum := digest.NewWriter()
	tee := io.TeeReader(plain, sum)
	entries, err := s.entries(tarfile.NewReader(tee))
	// The padding at the end is part of the diff ID, and the end of the blob part of its digest.
	for _, rest := range []io.Reader{tee, packed} {
		if err == nil {
			_, err = io.CopyBuffer(io.Discard, rest, s.buffer)
		}
	}
	if err != nil {
		return Header{}, err
	}
	if d := sum.Digest(); d != want.DiffID {
		return Header{}, fmt.Errorf("the uncompressed layer has the digest %s, not the diff_id %s", d, want.DiffID)
	}
	want.Version, want.UncompressedSize, want.Entries = Version, sum.Size(), entries
	return want, nil
}

// entries passes on the entries of an archive, and returns their number.
func (s *scanner) entries(r *tarfile.Reader) (int, error) {
	for number := 0; ; number++ {
		e, err := r.Next()
		if err == io.EOF {
			return number, nil
		}
		if err != nil {
			return 0, err
		}
		if number == maxEntries {
			return 0, errors.New("the layer has too many entries")
		}
		if err := s.entry(e, r); err != nil {
			return 0, fmt.Errorf("entry %q: %w", e.Path, err)
		}
	}
}

func (s *scanner) entry(e *tree.Entry, r *tarfile.Reader) error {
	if e.Kind != tree.Hardlink && e.Kind != tree.Whiteout && e.Kind != tree.Opaque {
		if err := e.Check(); err != nil {
			return err
		}
	}
	l := newEntry(e, r.Size())
	sum := sha256.New()
	content := io.TeeReader(r, sum)
	if s.look != nil {
		if err := s.look(l, content); err != nil {
			return err
		}
	}
	if e.Kind == tree.File {
		if _, err := io.CopyBuffer(io.Discard, content, s.buffer); err != nil {
			return err
		}
		l.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	return s.emit(l)
}
