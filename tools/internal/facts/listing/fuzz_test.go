package listing_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// stored packs the text of a listing, as a frame of one stored block: that is quick.
func stored(text []byte) []byte {
	const last = 1
	frame := binary.LittleEndian.AppendUint32([]byte("\x28\xb5\x2f\xfd\xa0"), uint32(len(text)))
	block := uint32(len(text))<<3 | last
	return append(append(frame, byte(block), byte(block>>8), byte(block>>16)), text...)
}

// read reads everything in a file of listings.
func read(data []byte) (headers []listing.Header, entries []listing.Entry, err error) {
	r, err := listing.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	for {
		h, err := r.Next()
		if err != nil {
			return headers, entries, err
		}
		headers = append(headers, h)
		for e, err := range r.Entries() {
			if err != nil {
				return headers, entries, err
			}
			entries = append(entries, e)
		}
	}
}

// FuzzRead checks that no listing breaks a reader, and that all that is read can be merged or is refused.
func FuzzRead(f *testing.F) {
	text := []byte(unpack(f, write(f, pack(f, oci.Uncompressed, archive(f, everything...)))))
	f.Add(text)
	f.Add(append(bytes.Clone(text), text...))
	f.Add(text[:len(text)/2])
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 100<<10 {
			return // a block has at most 128 KiB
		}
		headers, _, err := read(stored(text))
		if err == nil {
			t.Fatal("no end")
		}
		path := filepath.Join(t.TempDir(), "listing")
		if err := os.WriteFile(path, stored(text), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := listing.Open(path)
		if err != nil {
			return
		}
		for _, h := range headers {
			fs, err := set.Merge([]oci.Descriptor{{Digest: h.Digest, Size: h.Size}})
			if err == nil {
				fs.Wasted()
			}
		}
	})
}
