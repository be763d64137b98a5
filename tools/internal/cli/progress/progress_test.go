package progress

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// open opens a blob of ten bytes and reads some of them.
func open(t *testing.T, src content.Source, d oci.Descriptor, n int) io.ReadCloser {
	t.Helper()
	r, err := src.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMeter(t *testing.T) {
	store, files, meter := imagetest.Store{}, new(content.Files), new(Meter)
	inMemory := store.Add(oci.MediaTypeLayer, []byte("0123456789"))
	inFile := imagetest.Store{}.Add(oci.MediaTypeLayer, []byte("abcdefghij"))
	document := store.Add(oci.MediaTypeManifest, []byte("{}        "))
	path := filepath.Join(t.TempDir(), "blob")
	imagetest.WriteFile(t, path, []byte("abcdefghij"))
	files.Add(inFile.Digest, path)
	src := meter.Watch(content.Multi{files, store})

	first := open(t, src, inFile, 3)
	if _, isFile := first.(*os.File); !isFile {
		t.Errorf("a file becomes a %T", first)
	}
	second := open(t, src, inMemory, 7)
	third := open(t, src, document, 1)
	defer third.Close()
	want := []Reading{{inFile, 3}, {inMemory, 7}}
	if got := meter.Readings(); !reflect.DeepEqual(got, want) {
		t.Errorf("readings %v, want %v", got, want)
	}
	first.Close()
	if got := meter.Readings(); !reflect.DeepEqual(got, want[1:]) {
		t.Errorf("readings %v, want %v", got, want[1:])
	}
	second.Close()
	if got := meter.Readings(); got != nil {
		t.Errorf("readings %v after all blobs are closed", got)
	}
	if _, err := src.Open(t.Context(), oci.Descriptor{Digest: digest.FromBytes(nil)}); err == nil {
		t.Error("no error for a missing blob")
	}
}

func TestBar(t *testing.T) {
	d := oci.Descriptor{Digest: digest.FromBytes(nil), Size: 2_000_000}
	tests := []struct {
		position, speed int64
		width           int
		want            string
	}{
		{0, 0, 50, "e3b0c44298fc [                   ]   0% of 2.0 MB"},
		{1_000_000, 0, 50, "e3b0c44298fc [=========          ]  50% of 2.0 MB"},
		{2_000_000, 0, 50, "e3b0c44298fc [===================] 100% of 2.0 MB"},
		{9_000_000, 0, 50, "e3b0c44298fc [===================] 100% of 2.0 MB"},
		{1_000_000, 12_345, 60, "e3b0c44298fc [=========         ]  50% of 2.0 MB, 12.3 kB/s"},
		{1_000_000, 0, 20, "50% of 2.0 MB"},
		{1_000_000, 0, 8, "50% of "},
		{1_000_000, 0, 0, ""},
	}
	for _, test := range tests {
		if got := bar(Reading{d, test.position}, test.speed, test.width); got != test.want {
			t.Errorf("%d of 2000000, width %d: %q, want %q", test.position, test.width, got, test.want)
		}
	}
	empty := Reading{Blob: oci.Descriptor{Digest: d.Digest}}
	if got := bar(empty, 0, 50); !strings.HasSuffix(got, "=] 100% of 0 B") {
		t.Errorf("an empty blob: %q", got)
	}
	if got := bar(Reading{d, 0}, 0, 500); len(got) > 100 {
		t.Errorf("a bar of %d columns", len(got))
	}
	for n, want := range map[int64]string{999: "999 B", 1000: "1.0 kB", 123_456_789: "123.5 MB", 5e18: "5000.0 PB"} {
		if got := amount(n); got != want {
			t.Errorf("amount(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDisplay(t *testing.T) {
	store, meter := imagetest.Store{}, new(Meter)
	src := meter.Watch(store)
	r := open(t, src, store.Add(oci.MediaTypeLayer, []byte("0123456789")), 5)
	var out bytes.Buffer
	d := NewDisplay(&out, 60, meter)
	io.WriteString(d, "one\n")
	io.WriteString(d, "two\n")
	r.Close()
	d.Close()
	want := "one\n84d89877f0d4 ["
	if got := out.String(); !strings.HasPrefix(got, want) || !strings.Contains(got, "\x1b[1A\r\x1b[Jtwo\n84d89877f0d4 [") ||
		strings.Count(got, "\n") < 4 {
		t.Errorf("drawn: %q", got)
	}
	// Only the two lines remain on the screen: each bar is erased by the output after it.
	if got := out.String(); strings.Count(got, "%") != strings.Count(got, "\x1b[1A") {
		t.Errorf("a bar is left: %q", got)
	}

	out.Reset()
	plain := NewDisplay(&out, 0, meter)
	io.WriteString(plain, "line\n")
	plain.Close()
	if got := out.String(); got != "line\n" {
		t.Errorf("in a log: %q", got)
	}
}

func TestSpeed(t *testing.T) {
	d := NewDisplay(io.Discard, 0, new(Meter))
	blob := oci.Descriptor{Digest: digest.FromBytes(nil)}
	start := time.Now()
	for i, want := range []int64{0, 0, 1000, 1000, 3000, 0} {
		position := []int64{0, 500, 2000, 2100, 5000, 100}[i]
		at := start.Add([]time.Duration{0, 500, 2000, 2100, 3000, 3100}[i] * time.Millisecond)
		if got := d.speed(Reading{blob, position}, at); got != want {
			t.Errorf("step %d: %d bytes a second, want %d", i, got, want)
		}
	}
}

func TestTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, w := range []io.Writer{file, new(bytes.Buffer)} {
		if got := Terminal(w); got != 0 {
			t.Errorf("a %T is a terminal of %d columns", w, got)
		}
	}
}
