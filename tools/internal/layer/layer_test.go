package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/layer/source"
	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// content is a content in memory that reports a size of size bytes.
type content struct {
	io.Reader
	size int64
}

func (c content) Open() (io.ReadCloser, int64, error) { return io.NopCloser(c.Reader), c.size, nil }

// text is a content that can be opened several times.
type text string

func (s text) Open() (io.ReadCloser, int64, error) {
	return io.NopCloser(strings.NewReader(string(s))), int64(len(s)), nil
}

func build(t testing.TB, entries ...tree.Entry) []*tree.Entry {
	t.Helper()
	var b tree.Builder
	for _, e := range entries {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var formats = []compress.Format{
	{Codec: oci.Uncompressed},
	{Codec: oci.Gzip, Level: 1},
	{Codec: oci.Gzip, Level: 6},
	{Codec: oci.Zstd, Level: 3},
}

// sizes are sizes of contents near the bounds of blocks and chunks.
var sizes = []int{0, 1, 3, 63, 64, 65, 511, 512, 513, compress.BufferSize - 1024, compress.BufferSize - 512, compress.BufferSize - 1, compress.BufferSize,
	compress.BufferSize + 1, 3*compress.BufferSize + 7, 10 * compress.BufferSize}

// write writes the entries to w as a tar.
func write(t testing.TB, ctx context.Context, w io.Writer, entries []*tree.Entry) error {
	t.Helper()
	to, err := compress.Format{Codec: oci.Uncompressed}.NewWriter(compress.Ends{Packed: []io.Writer{w}})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Abort()
	if err := writeTar(ctx, to, entries, new(programs), nil); err != nil {
		return err
	}
	return to.Close()
}

// The tar contains each file under its name, with its content and the mode derived from it.
func TestWriteTar(t *testing.T) {
	var entries []tree.Entry
	want := make(map[string]string)
	for i := range 5 * runLength {
		data := strings.Repeat("x", sizes[i%len(sizes)])
		mode := modeFile
		if i%3 == 0 && len(data) >= 2 {
			data, mode = "#!"+data[2:], modeProgram
		}
		e := tree.Entry{Path: fmt.Sprintf("/dir%d/file%d", i%7, i), Content: text(data)}
		if i%5 == 0 {
			e.Mode, mode = tree.Perm(0o600), 0o600
		}
		entries = append(entries, e)
		want[e.Path[1:]] = fmt.Sprintf("%o %s", mode, data)
	}
	var b bytes.Buffer
	if err := write(t, t.Context(), &b, build(t, entries...)); err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(&b)
	last := ""
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name <= last {
			t.Errorf("%s comes after %s", h.Name, last)
		}
		last = h.Name
		data, err := io.ReadAll(r)
		if got := fmt.Sprintf("%o %s", h.Mode, data); h.Typeflag == tar.TypeReg && got != want[h.Name] || err != nil {
			t.Errorf("%s: %d bytes %.20q, %v; want %.20q", h.Name, len(got), got, err, want[h.Name])
		}
		delete(want, h.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %d entries", len(want))
	}
}

func TestWriteTarEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := write(t, t.Context(), &b, nil); err != nil || !bytes.Equal(b.Bytes(), make([]byte, 1024)) {
		t.Errorf("%d bytes, %v; want two blocks of zeros", b.Len(), err)
	}
}

// The recorded programs do not depend on which goroutine reads first.
func TestPrograms(t *testing.T) {
	header := make([]byte, source.SniffLen)
	copy(header, "\x7fELF\x02\x01")
	header[18] = 62
	var entries []tree.Entry
	for i := range 20 * runLength {
		entries = append(entries, tree.Entry{Path: fmt.Sprintf("/%06d", 999999-i), Content: text(string(header))})
	}
	packing := Packing{Format: compress.Format{Codec: oci.Uncompressed}}
	got, err := Build(t.Context(), build(t, entries...), filepath.Join(t.TempDir(), "blob"), packing)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"amd64": fmt.Sprintf("/%06d", 1000000-20*runLength)}
	if !maps.Equal(got.Programs, want) {
		t.Errorf("got %v, want %v", got.Programs, want)
	}
}

// A file without content is empty and not a program; a stated mode applies to it too.
func TestWriteTarNoContent(t *testing.T) {
	var b bytes.Buffer
	entries := build(t, tree.Entry{Path: "/a"}, tree.Entry{Path: "/b", Mode: tree.Perm(0o100)})
	if err := write(t, t.Context(), &b, entries); err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(&b)
	for _, want := range []string{"a 644 0", "b 100 0"} {
		h, err := r.Next()
		if err != nil || fmt.Sprintf("%s %o %d", h.Name, h.Mode, h.Size) != want {
			t.Errorf("got %+v, %v; want %s", h, err, want)
		}
	}
}

// failing returns the entries of many small files and, in the middle, one with the content.
func failing(t *testing.T, c tree.Content) []*tree.Entry {
	t.Helper()
	entries := []tree.Entry{{Path: "/n", Content: c}}
	for i := range 20 * runLength {
		path := fmt.Sprintf("/%c%d", 'a'+i%26, i)
		entries = append(entries, tree.Entry{Path: path, Content: text(strings.Repeat("y", 5000))})
	}
	return build(t, entries...)
}

type unreadable struct{}

func (unreadable) Open() (io.ReadCloser, int64, error) {
	return nil, 0, errors.New("permission denied")
}

func TestBadContent(t *testing.T) {
	long := strings.Repeat("x", 5*compress.BufferSize)
	broken := io.MultiReader(strings.NewReader(long[:9000]), brokenReader{errors.New("input/output error")})
	for want, c := range map[string]tree.Content{
		"/n: the file became shorter while it was read": content{strings.NewReader(long), int64(len(long)) + 1},
		"/n: the file became longer while it was read":  content{strings.NewReader(long), int64(len(long)) - 1},
		"/n: input/output error":                        content{broken, 10000},
		"/n: permission denied":                         unreadable{},
		"/n: the size -1 is negative":                   content{strings.NewReader(""), -1},
	} {
		dir := t.TempDir()
		_, err := Build(t.Context(), failing(t, c), filepath.Join(dir, "blob"), Packing{Format: formats[1]})
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if list, err := os.ReadDir(dir); len(list) != 0 || err != nil {
			t.Errorf("%s: left behind: %v, %v", want, list, err)
		}
	}
	for _, size := range []int64{1, 2, 100} {
		liar := tree.Entry{Path: "/n", Content: content{strings.NewReader(""), size}}
		err := write(t, t.Context(), io.Discard, build(t, liar))
		if !errors.Is(err, errShrank) {
			t.Errorf("an empty file that reports %d bytes: %v", size, err)
		}
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// endless is a reader without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A cancelled context ends the work, as does a failing writer; no goroutine is left behind.
func TestStops(t *testing.T) {
	before := runtime.NumGoroutine()
	endlessFile := content{endless{}, 1 << 60}
	ctx, cancel := context.WithCancel(t.Context())
	w := writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	if err := write(t, ctx, w, failing(t, endlessFile)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	full := errors.New("no space left on device")
	w = func([]byte) (int, error) { return 0, full }
	if err := write(t, t.Context(), w, failing(t, endlessFile)); err != full {
		t.Errorf("got %v, want the writer's error", err)
	}
	for range 500 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A large file passes through in chunks: allocations do not grow with its size.
func TestBoundedMemory(t *testing.T) {
	const size = 1 << 30
	entries := build(t, tree.Entry{Path: "/big", Content: content{io.LimitReader(endless{}, size), size}})
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	if err := write(t, t.Context(), io.Discard, entries); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&end)
	if used := end.TotalAlloc - start.TotalAlloc; used > 32<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", used, size)
	}
}

// The blob does not depend on the number of processors.
func TestSameBlobEverywhere(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, format := range formats {
		var first string
		for _, procs := range []int{1, 2, 3, 4, 16} {
			runtime.GOMAXPROCS(procs)
			entries := failing(t, text(strings.Repeat("abc", 4<<20)))
			r, err := Build(t.Context(), entries, filepath.Join(t.TempDir(), "blob"), Packing{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = fmt.Sprint(r.Result)
			}
			if fmt.Sprint(r.Result) != first {
				t.Errorf("%v on %d processors: %v, want %s", format, procs, r.Result, first)
			}
		}
	}
}

// Programs are files that are executable by their content or by their mode, and hard links to them.
func TestInterpreters(t *testing.T) {
	var b tree.Builder
	for _, e := range []tree.Entry{
		{Path: "/script", Content: text("#!/bin/sh -e\n")},
		{Path: "/stated", Content: text("no program"), Mode: tree.Perm(0o750)},
		{Path: "/disabled", Content: text("#!/bin/sh\n"), Mode: tree.Perm(0o644)},
		{Path: "/text", Content: text("text")},
		{Path: "/one", Content: text("#!/bin/two\n"), Inode: 1},
		{Path: "/two", Content: text("#!/bin/two\n"), Inode: 1},
	} {
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	made, err := Build(t.Context(), entries, filepath.Join(t.TempDir(), "blob"), Packing{Format: formats[0]})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"/script": "/bin/sh -e", "/stated": "", "/one": "/bin/two", "/two": "/bin/two"}
	if !maps.Equal(made.Interpreters, want) {
		t.Errorf("got %v, want %v", made.Interpreters, want)
	}
}
