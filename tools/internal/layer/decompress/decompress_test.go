package decompress

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// hello is "hello\n" as bzip2 1.0.8 packs it, for which Go has no writer.
const hello = "425a6839314159265359c1c080e2000001410000100244a00030cd00c3462997177245385090c1c080e2"

func closing(t testing.TB, w io.WriteCloser, err error, data []byte) {
	t.Helper()
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// pack packs the data.
func pack(t testing.TB, codec oci.Compression, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	switch codec {
	case oci.Gzip:
		closing(t, gzip.NewWriter(&b), nil, data)
	case XZ:
		w, err := xz.NewWriter(&b)
		closing(t, w, err, data)
	case oci.Zstd:
		w, err := zstd.NewWriter(&b)
		closing(t, w, err, data)
	case Bzip2:
		packed, err := hex.DecodeString(hello)
		if err != nil || string(data) != "hello\n" {
			t.Fatalf("%v; %q cannot be packed here", err, data)
		}
		return packed
	default:
		return data
	}
	return b.Bytes()
}

func unpack(packed []byte) (string, oci.Compression, error) {
	r, codec, err := NewReader(context.Background(), bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return "", codec, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), codec, err
}

func TestNewReader(t *testing.T) {
	for _, want := range []oci.Compression{oci.Uncompressed, oci.Gzip, Bzip2, XZ, oci.Zstd} {
		packed := pack(t, want, []byte("hello\n"))
		data, codec, err := unpack(packed)
		if data != "hello\n" || codec != want || err != nil {
			t.Errorf("%s: %q, %s, %v", want, data, codec, err)
		}
		if want == oci.Uncompressed {
			continue
		}
		// Programs that compress in parallel write one stream after another.
		if data, _, err := unpack(append(packed, packed...)); data != "hello\nhello\n" || err != nil {
			t.Errorf("%s, twice: %q, %v", want, data, err)
		}
		for n := 6; n < len(packed); n++ {
			if data, _, err := unpack(packed[:n:n]); err == nil {
				t.Errorf("%s, %d of %d bytes: no error, %q", want, n, len(packed), data)
			}
		}
		if data, _, err := unpack(append(packed, "garbage, and more of it"...)); err == nil {
			t.Errorf("%s and garbage: no error, %q", want, data)
		}
	}
}

// Every changed bit is detected: the stream ends in an error, or gives the same data.
func TestDamage(t *testing.T) {
	for _, codec := range []oci.Compression{oci.Gzip, Bzip2, XZ, oci.Zstd} {
		packed := pack(t, codec, []byte("hello\n"))
		for at := range packed {
			for change := byte(1); change != 0; change <<= 1 {
				packed[at] ^= change
				if data, found, err := unpack(packed); err == nil && found == codec && data != "hello\n" {
					t.Errorf("%s, byte %d changed by %#x: no error, %q", codec, at, change, data)
				}
				packed[at] ^= change
			}
		}
	}
}

// Groups of four zeros after an xz stream are padding.
func TestPadding(t *testing.T) {
	packed := pack(t, XZ, []byte("hello\n"))
	for n, want := range []string{"", "x", "x", "x", "", "x", "x", "x", ""} {
		data, _, err := unpack(append(bytes.Clone(packed), make([]byte, n)...))
		if (err == nil) != (want == "") || err == nil && data != "hello\n" {
			t.Errorf("%d zeros: %q, %v", n, data, err)
		}
	}
	padded := append(bytes.Clone(packed), 0, 0, 0, 0, 0, 0, 0, 0)
	if data, _, err := unpack(append(padded, packed...)); err != nil || data != "hello\nhello\n" {
		t.Errorf("two streams with padding: %q, %v", data, err)
	}
}

func TestNewReaderSkippableFrame(t *testing.T) {
	packed := append([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc"), pack(t, oci.Zstd, []byte("x"))...)
	if data, codec, err := unpack(packed); data != "x" || codec != oci.Zstd || err != nil {
		t.Errorf("%q, %s, %v", data, codec, err)
	}
}

func TestDictionary(t *testing.T) {
	for _, c := range []struct {
		cap int
		ok  bool
	}{{8 << 20, true}, {64 << 20, true}, {128 << 20, true}, {192 << 20, false}, {1 << 30, false}} {
		var b bytes.Buffer
		w, err := xz.WriterConfig{DictCap: c.cap}.NewWriter(&b)
		closing(t, w, err, []byte(strings.Repeat("hello\n", 100)))
		_, _, err = unpack(b.Bytes())
		if c.ok != (err == nil) || err != nil && err.Error() != "xz: needs a dictionary of more than 128 MiB" {
			t.Errorf("%d MiB: %v", c.cap>>20, err)
		}
	}
}

// A frame's header states how far back it may refer (RFC 8878, section 3.1.1.1.2): 2 to the power of 10 plus the
// highest five bits.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		power byte
		want  string
	}{{27, "<nil>"}, {28, "zstd: window size exceeded"}, {41, "zstd: window size exceeded"}} {
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, (c.power - 10) << 3, 0x01, 0, 0} // an empty last block
		data, _, err := unpack(frame)
		if data != "" || fmt.Sprint(err) != c.want {
			t.Errorf("2^%d bytes: %q, %v, want %s", c.power, data, err, c.want)
		}
	}
}

func TestLimit(t *testing.T) {
	for size, want := range map[int64]int64{0: 16 << 30, 1 << 20: 16 << 30, 1 << 30: 200 << 30} {
		if got := Limit(size); got != want {
			t.Errorf("Limit(%d) = %d, want %d", size, got, want)
		}
	}
	packed := pack(t, oci.Gzip, []byte("hello\n"))
	plain, err := open(bytes.NewReader(packed), packed, oci.Gzip)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(&reader{plain, t.Context(), oci.Gzip, 5})
	if len(data) > 5 || !errors.Is(err, ErrLimit) || err.Error() != "gzip: unpacks to too many bytes for its size" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, _, err := NewReader(ctx, strings.NewReader("plain"), 5)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if n, err := r.Read(make([]byte, 9)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
}

// Reading arbitrary bytes ends, and uncompressed data is returned unchanged.
func FuzzNewReader(f *testing.F) {
	for _, codec := range []oci.Compression{oci.Uncompressed, oci.Gzip, Bzip2, XZ, oci.Zstd} {
		f.Add(pack(f, codec, []byte("hello\n")))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		r, codec, err := NewReader(t.Context(), bytes.NewReader(packed), int64(len(packed)))
		if err != nil {
			return
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if codec == oci.Uncompressed && (err != nil || !bytes.HasPrefix(packed, data)) {
			t.Errorf("%q became %q, %v", packed, data, err)
		}
	})
}
