package ztoc

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// file is an entry of a test's tar.
type file struct {
	tar.Header
	content []byte
}

// makeLayer packs the files, and returns the tar, the layer and its zTOC.
func makeLayer(t *testing.T, files []file) (plain, packed, encoded []byte) {
	t.Helper()
	var archive, layer, out bytes.Buffer
	var table Table
	w, err := compress.Format{Codec: oci.Gzip, Level: 6}.NewWriter(compress.Ends{Packed: []io.Writer{&layer, &table}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	t1 := tar.NewWriter(&archive)
	for _, f := range files {
		f.Size = int64(len(f.content))
		before := archive.Len()
		if err := t1.WriteHeader(&f.Header); err != nil {
			t.Fatal(err)
		}
		entry, err := Parse(archive.Bytes()[before:])
		if err != nil {
			t.Fatal(err)
		}
		table.Add(entry)
		if _, err := t1.Write(f.content); err != nil {
			t.Fatal(err)
		}
		if err := t1.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := t1.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(archive.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := table.Encode(&out); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes(), layer.Bytes(), out.Bytes()
}

// large returns files with entries of all types and more than three spans of content.
func large() []file {
	rng := rand.New(rand.NewPCG(1, 2))
	files := []file{
		{Header: tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755}},
		{Header: tar.Header{Typeflag: tar.TypeReg, Name: "empty", Mode: 0o644}},
		{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "empty", Mode: 0o777}},
		{Header: tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "empty", Mode: 0o644}},
		{Header: tar.Header{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3, Mode: 0o666}},
		{Header: tar.Header{Typeflag: tar.TypeBlock, Name: "sda", Devmajor: 8, Mode: 0o660}},
		{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "pipe", Mode: 0o600}},
		{Header: tar.Header{Typeflag: tar.TypeReg, Name: strings.Repeat("é/", 200) + "n", Uid: 4e6, Gid: 5e6, Uname: "u", Gname: "g",
			Mode: 0o4755, ModTime: time.Unix(1700000000, 5e8), Format: tar.FormatPAX,
			PAXRecords: map[string]string{"SCHILY.xattr.user.b": "1\x00", "SCHILY.xattr.user.a": "2"}}, content: []byte("x")},
	}
	for i := range 40 {
		content := make([]byte, 100_000*(i%7)+i)
		for j := range content {
			content[j] = byte(rng.IntN(1 << (i % 9)))
		}
		files = append(files, file{tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprint("f", i), Mode: 0o644}, content})
	}
	return files
}

// A zTOC lists what archive/tar reads, and each file can be unpacked from the span before it, with nothing known of what is
// before that span.
func TestTable(t *testing.T) {
	plain, packed, encoded := makeLayer(t, large())
	got := decode(t, encoded)
	if got.version != "0.9" || got.tool != "rules_strata" || got.in != int64(len(packed)) || got.out != int64(len(plain)) {
		t.Errorf("%q, %q, %d of %d bytes, want %d of %d", got.version, got.tool, got.in, got.out, len(packed), len(plain))
	}
	checkSpans(t, packed, got.spans)
	counter := bytes.NewReader(plain)
	archive := tar.NewReader(counter)
	for _, f := range got.files {
		h, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		want := decodedFile{
			name: h.Name, kind: kinds[h.Typeflag], link: h.Linkname, user: h.Uname, group: h.Gname,
			time: h.ModTime.UTC().Format(time.RFC3339Nano), at: int64(len(plain) - counter.Len()), size: h.Size, mode: h.Mode,
			major: h.Devmajor, minor: h.Devminor, uid: h.Uid, gid: h.Gid, records: h.PAXRecords,
		}
		if !reflect.DeepEqual(f, want) {
			t.Errorf("got %+v, want %+v", f, want)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if read := extract(t, packed, got.spans, f); !bytes.Equal(read, content) {
			t.Errorf("%s: %d bytes differ", f.name, len(read))
		}
	}
	if _, err := archive.Next(); err != io.EOF {
		t.Errorf("the tar has more entries: %v", err)
	}
}

// checkSpans checks that the spans cover the layer after its header, with the right digests and sizes.
func checkSpans(t *testing.T, packed []byte, spans []span) {
	t.Helper()
	if len(spans) < 3 || spans[0].in != 10 || spans[0].out != 0 {
		t.Fatalf("spans: %+v", spans)
	}
	for i, s := range spans {
		end := int64(len(packed))
		if i+1 < len(spans) {
			end = spans[i+1].in
			if size := spans[i+1].out - s.out; size <= SpanSize || size > SpanSize+1<<20 {
				t.Errorf("span %d has %d bytes", i, size)
			}
		}
		if want := digest.FromBytes(packed[s.in:end]); s.digest != want {
			t.Errorf("span %d: %s, want %s", i, s.digest, want)
		}
	}
}

// extract unpacks a file, starting at the span that holds its beginning.
func extract(t *testing.T, packed []byte, spans []span, f decodedFile) []byte {
	t.Helper()
	from := spans[0]
	for _, s := range spans {
		if s.out <= f.at {
			from = s
		}
	}
	r := flate.NewReader(bytes.NewReader(packed[from.in:]))
	defer r.Close()
	content := make([]byte, f.size)
	if _, err := io.CopyN(io.Discard, r, f.at-from.out); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, content); err != nil {
		t.Fatal(err)
	}
	return content
}

// The bytes of a zTOC are pinned. SOCI's library reads them in e2e/cases/soci.sh.
func TestGolden(t *testing.T) {
	const want = "sha256:cf3ca4757bdcc38cbe9144cd973d1eccd783405b88ffa6840b1a6431e36f4985"
	_, _, encoded := makeLayer(t, large())
	if got := digest.FromBytes(encoded); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A time that RFC 3339 cannot state is an error: SOCI would lose it.
func TestTime(t *testing.T) {
	var b bytes.Buffer
	h := tar.Header{Typeflag: tar.TypeReg, Name: "f", ModTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), Format: tar.FormatPAX}
	if err := tar.NewWriter(&b).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(b.Bytes()); err == nil || !strings.Contains(err.Error(), "years up to 9999") {
		t.Errorf("got %v", err)
	}
}

// Whatever the entries are, a reader finds them.
func FuzzEncode(f *testing.F) {
	f.Add("a", "b", "user", "user.x", "1", int64(1), uint32(1), uint32(2), int64(3), uint8(3))
	f.Add("", "", "", "", "", int64(0), uint32(0), uint32(0), int64(0), uint8(0))
	f.Add("é\xff", "a", "a", "a", "a", int64(1<<40), uint32(1<<31), uint32(0), int64(-1), uint8(200))
	f.Fuzz(func(t *testing.T, name, link, user, key, value string, size int64, uid, gid uint32, mode int64, count uint8) {
		var table Table
		var want []decodedFile
		for i := range int(count) {
			h := &tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprint(name, i), Linkname: link, Uname: user, Mode: mode, Uid: int(uid),
				Gid: int(gid), Size: size & (1<<50 - 1)}
			f := decodedFile{kind: "reg", name: h.Name, link: link, user: user, mode: mode, uid: int(uid), gid: int(gid), size: h.Size,
				at: table.size + 512}
			if i%2 == 0 {
				h.PAXRecords = map[string]string{key: value, "k": name}
				f.records = h.PAXRecords
			}
			want = append(want, f)
			table.Add(Entry{Header: h, length: 512})
			table.Block(SpanSize + i)
		}
		if count == 0 {
			table.Block(1)
		}
		var b bytes.Buffer
		if err := table.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if got := decode(t, b.Bytes()).files; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
