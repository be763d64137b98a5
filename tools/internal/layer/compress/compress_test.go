package compress

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// corpus is the input of the golden digests: nothing, short input, text, noise and program-like data in turn, long enough
// for several blocks of every codec. It is the same on every machine, because PCG is specified.
func corpus() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	words := strings.Fields("the layer of an image is a pure function of its files and of nothing else at all")
	var text, program bytes.Buffer
	for text.Len() < 5<<20 {
		fmt.Fprintf(&text, "%s %s %d\n", words[rng.IntN(len(words))], words[rng.IntN(len(words))], rng.IntN(1000))
	}
	for program.Len() < 4<<20 {
		program.Write([]byte{0x48, 0x8b, byte(rng.IntN(8)), 0x24, byte(rng.IntN(256)), 0, 0, 0, 0xe8, byte(rng.IntN(64))})
	}
	return map[string][]byte{
		"empty": nil,
		"tiny":  []byte("hello\n"),
		// Base64 is as random as the noise, but has 6 bits per byte.
		"letters": []byte(base64.StdEncoding.EncodeToString(noise)),
		"mixed":   bytes.Join([][]byte{text.Bytes(), noise, program.Bytes(), make([]byte, 2<<20)}, nil),
	}
}

// golden holds the first 8 bytes of the sha256 of each packed form. Changing one requires a new FormatVersion, documented in
// docs/internals/format.md. The digests were made by this package with klauspost/compress 1.20.3.
var golden = map[string][4]string{ // empty, tiny, mixed, letters
	"none-0":  {"e3b0c44298fc1c14", "5891b5b522d5df08", "23fa250adb17f672", "ba87dd4e74b8c30b"},
	"gzip-1":  {"458c5a203299dd32", "94bd3393dad1e7d6", "736d1b14724eaef2", "ea9e1d1c7a4ebcf3"},
	"gzip-2":  {"ac73670af3abed54", "117bf35db1435194", "2656f2618667d42c", "9620ea679fa654b8"},
	"gzip-3":  {"ac73670af3abed54", "117bf35db1435194", "06ca27371b8f6f56", "9620ea679fa654b8"},
	"gzip-4":  {"ac73670af3abed54", "117bf35db1435194", "9c8e30ffd1bf4eda", "9620ea679fa654b8"},
	"gzip-5":  {"ac73670af3abed54", "117bf35db1435194", "384d26320c756e00", "9620ea679fa654b8"},
	"gzip-6":  {"ac73670af3abed54", "117bf35db1435194", "83f430fab771de81", "9620ea679fa654b8"},
	"gzip-7":  {"ac73670af3abed54", "d223c5db81206701", "299919f68f415ab8", "b0b01c05c812786d"},
	"gzip-8":  {"ac73670af3abed54", "d223c5db81206701", "c91bb327dc9bff35", "597b68c09b2b7b35"},
	"gzip-9":  {"9ceffb7310338057", "690cc9c7e89ee2cc", "f9dd2d36269775dd", "931eedc76f14710b"},
	"zstd-1":  {"6fb8543883dafcc2", "6c3080e98de06cd6", "0bc4cb3cd6889b5f", "20dbd69bf299ea27"},
	"zstd-3":  {"6fb8543883dafcc2", "6c3080e98de06cd6", "d0f38b5b96de455d", "091c4f456e982f56"},
	"zstd-6":  {"6fb8543883dafcc2", "6c3080e98de06cd6", "733dfc193f341ca2", "091c4f456e982f56"},
	"zstd-10": {"6fb8543883dafcc2", "6c3080e98de06cd6", "b78ad589b93815a5", "2b024b75cd1c1b41"},
}

func pack(t testing.TB, f Format, data []byte, piece int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := f.NewWriter(Ends{Packed: []io.Writer{&b}})
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n, err := w.Write(data[:min(piece, len(data))])
		if err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// formats are all formats that differ in their bytes: the library maps zstd's levels to four.
func formats() []Format {
	all := []Format{{oci.Uncompressed, 0}, {oci.Zstd, 1}, {oci.Zstd, 3}, {oci.Zstd, 6}, {oci.Zstd, 10}}
	for level := 1; level <= 9; level++ {
		all = append(all, Format{oci.Gzip, level})
	}
	return all
}

func TestGolden(t *testing.T) {
	data := corpus()
	for _, f := range formats() {
		name := fmt.Sprintf("%s-%d", f.Codec, f.Level)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [4]string
			for i, part := range []string{"empty", "tiny", "mixed", "letters"} {
				packed := pack(t, f, data[part], 256<<10)
				got[i] = sum(packed)
				if unpacked := unpack(t, f.Codec, packed); !bytes.Equal(unpacked, data[part]) {
					t.Errorf("%s: does not unpack to its input", part)
				}
			}
			if got != golden[name] {
				t.Errorf("\t%q: {%q, %q, %q, %q},", name, got[0], got[1], got[2], got[3])
			}
		})
	}
}

// Every codec and level compresses data with few distinct characters but no repetitions. Incompressible data hardly
// grows.
func TestLetters(t *testing.T) {
	letters := corpus()["letters"]
	noise, err := base64.StdEncoding.DecodeString(string(letters))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range formats()[1:] {
		if size := len(pack(t, f, letters, 1<<20)); size > len(letters)*76/100 {
			t.Errorf("%v: %d bytes of base64 are packed to %d", f, len(letters), size)
		}
		if size := len(pack(t, f, noise, 1<<20)); size > len(noise)*1001/1000 {
			t.Errorf("%v: %d bytes of noise are packed to %d", f, len(noise), size)
		}
	}
}

func unpack(t *testing.T, codec oci.Compression, packed []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(packed)
	var err error
	switch codec {
	case oci.Gzip:
		r, err = gzip.NewReader(r)
	case oci.Zstd:
		var z *zstd.Decoder
		z, err = zstd.NewReader(r)
		if err == nil {
			defer z.Close()
			r = z
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The bytes depend neither on the number of processors nor on how the stream is split into writes.
func TestSameBytesEverywhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	data := corpus()["mixed"]
	rng := rand.New(rand.NewPCG(5, 6))
	for _, f := range []Format{{oci.Uncompressed, 0}, {oci.Gzip, 1}, {oci.Gzip, 6}, {oci.Zstd, 3}} {
		want := golden[fmt.Sprintf("%s-%d", f.Codec, f.Level)][2]
		for procs, piece := range map[int]int{1: 1 << 10, 2: 777, 3: 1 << 20, 4: len(data), 16: 1 + rng.IntN(1<<20)} {
			runtime.GOMAXPROCS(procs)
			if got := sum(pack(t, f, data, piece)); got != want {
				t.Errorf("%v: %d processors, writes of %d bytes: digest %s, want %s", f, procs, piece, got, want)
			}
		}
	}
}

// The plain output is the whole stream, in order.
func TestPlain(t *testing.T) {
	data := corpus()["mixed"]
	for _, f := range formats() {
		var plain bytes.Buffer
		w, err := f.NewWriter(Ends{Packed: []io.Writer{io.Discard}, Plain: &plain})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.Write(data); n != len(data) || err != nil {
			t.Errorf("%v: wrote %d bytes, %v", f, n, err)
		}
		if err := w.Close(); err != nil || !bytes.Equal(plain.Bytes(), data) {
			t.Errorf("%v: %v, %d bytes of %d", f, err, plain.Len(), len(data))
		}
	}
}

// The gzip header does not depend on place and time (RFC 1952, section 2.3): no flags, no time, unknown system.
func TestGzipHeader(t *testing.T) {
	want := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	if got := pack(t, Format{oci.Gzip, 6}, nil, 1)[:10]; !bytes.Equal(got, want) {
		t.Errorf("header % x, want % x", got, want)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		codec oci.Compression
		level int
		want  Format
		err   string
	}{
		{"gzip", 0, Format{oci.Gzip, 6}, ""},
		{"gzip", 9, Format{oci.Gzip, 9}, ""},
		{"zstd", 0, Format{oci.Zstd, 3}, ""},
		{"zstd", 19, Format{oci.Zstd, 19}, ""},
		{"none", 0, Format{oci.Uncompressed, 0}, ""},
		{"gzip", 10, Format{}, "compression gzip: level 10: expected 0 (the default) to 9"},
		{"gzip", -1, Format{}, "compression gzip: level -1: expected 0 (the default) to 9"},
		{"zstd", 20, Format{}, "compression zstd: level 20: expected 0 (the default) to 19"},
		{"none", 1, Format{}, "compression none takes no level, got 1"},
		{"bzip2", 0, Format{}, `compression "bzip2": expected gzip, zstd or none`},
		{"", 0, Format{}, `compression "": expected gzip, zstd or none`},
	} {
		got, err := Parse(c.codec, c.level)
		if got != c.want || fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("Parse(%q, %d) = %v, %v; want %v, %s", c.codec, c.level, got, err, c.want, c.err)
		}
	}
}

type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// An invalid format is rejected.
func TestNewWriterRefused(t *testing.T) {
	for _, f := range []Format{{}, {"bzip2", 1}, {oci.Gzip, 0}, {oci.Gzip, 10}, {oci.Zstd, 0}, {oci.Zstd, 20}, {oci.Uncompressed, 1}} {
		if _, err := f.NewWriter(Ends{Packed: []io.Writer{io.Discard}}); err == nil {
			t.Errorf("no error for %v", f)
		}
	}
}

// After Abort only writes that were in progress finish, the error is returned, and no goroutine is left behind.
func TestAbort(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, f := range formats() {
		var b bytes.Buffer
		w, err := f.NewWriter(Ends{Packed: []io.Writer{&b}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		w.Abort()
		if err := w.Close(); err != errAborted {
			t.Errorf("%v: Close after Abort: %v", f, err)
		}
		if b.Len() > 10 {
			t.Errorf("%v: %d bytes were written", f, b.Len())
		}
	}
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// Any data unpacks to itself, and gives the same bytes however it is split into writes.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte(nil), uint16(1), uint8(0))
	f.Add([]byte("hello"), uint16(2), uint8(6))
	f.Add(make([]byte, 4<<10), uint16(700), uint8(9))
	f.Add([]byte(strings.Repeat("ab\x00", 5000)), uint16(511), uint8(12))
	all := formats()
	f.Fuzz(func(t *testing.T, data []byte, piece uint16, choice uint8) {
		format := all[int(choice)%len(all)]
		long := bytes.Repeat(data, min(1+int(piece), 3<<20/(len(data)+1)+1))
		packed := pack(t, format, long, max(int(piece), 100))
		if got := unpack(t, format.Codec, packed); !bytes.Equal(got, long) {
			t.Fatalf("%v: unpacked to %d bytes of %d", format, len(got), len(long))
		}
		if !bytes.Equal(packed, pack(t, format, long, len(long)+1)) {
			t.Fatalf("%v: the bytes depend on the writes", format)
		}
	})
}

// An error of the underlying writer is returned by Write or Close.
func TestWriteError(t *testing.T) {
	data := corpus()["mixed"]
	for _, f := range []Format{{oci.Uncompressed, 0}, {oci.Gzip, 1}, {oci.Zstd, 1}} {
		for _, room := range []int{0, 5, 100_000, 2_000_000} {
			w, err := f.NewWriter(Ends{Packed: []io.Writer{&fullDisk{room}}})
			if err == nil {
				_, err = w.Write(data)
			}
			if err == nil {
				err = w.Close()
			}
			if err == nil {
				t.Errorf("%v, room for %d bytes: no error", f, room)
			}
		}
	}
}

func BenchmarkPack(b *testing.B) {
	data := corpus()["mixed"]
	for _, f := range []Format{{oci.Gzip, 1}, {oci.Gzip, 6}, {oci.Zstd, 3}} {
		b.Run(fmt.Sprintf("%s-%d", f.Codec, f.Level), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				pack(b, f, data, 256<<10)
			}
		})
	}
}
