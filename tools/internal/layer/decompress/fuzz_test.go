package decompress

import (
	"bytes"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// A packed stream that is truncated anywhere, or in which one byte is changed, is never mistaken for another stream: reading
// it fails, or gives the same data. Bzip2 has only one stream, because Go has no writer for it.
func FuzzDamage(f *testing.F) {
	codecs := []oci.Compression{oci.Gzip, XZ, oci.Zstd, Bzip2}
	for i := range codecs {
		f.Add([]byte("hello\n"), uint8(i), uint32(20), byte(1))
		f.Add(bytes.Repeat([]byte("a layer of an image "), 500), uint8(i), uint32(70), byte(0x80))
	}
	f.Fuzz(func(t *testing.T, data []byte, choice uint8, at uint32, change byte) {
		codec := codecs[int(choice)%len(codecs)]
		if codec == Bzip2 {
			data = []byte("hello\n")
		}
		packed := pack(t, codec, data)
		if got, found, err := unpack(packed); got != string(data) || found != codec || err != nil {
			t.Fatalf("%s: %d bytes became %d, %v", codec, len(data), len(got), err)
		}
		place := int(at) % len(packed)
		if got, found, err := unpack(packed[:place:place]); err == nil && found == codec {
			t.Errorf("%s, %d of %d bytes: no error, %q", codec, place, len(packed), got)
		}
		packed[place] ^= change
		if got, found, err := unpack(packed); err == nil && found == codec && got != string(data) {
			t.Errorf("%s, byte %d of %d changed by %#x: %q became %q", codec, place, len(packed), change, data, got)
		}
	})
}
