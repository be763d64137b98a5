package listing_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
)

// sums of contents, as sha256sum prints them
const (
	sumOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	sumOfX       = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
)

// archive returns a tar of headers, whose files contain "x" if their size is 1.
func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// blob is a packed layer.
type blob struct {
	data []byte
	want listing.Header
}

func pack(t testing.TB, compression oci.Compression, plain []byte) blob {
	t.Helper()
	data := imagetest.Pack(t, compression, plain)
	return blob{data, listing.Header{DiffID: digest.FromBytes(plain), Digest: digest.FromBytes(data), Size: int64(len(data))}}
}

// write writes the listings of blobs to a file.
func write(t testing.TB, blobs ...blob) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "listing")
	f, err := listing.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	for _, b := range blobs {
		if err := f.Add(context.Background(), bytes.NewReader(b.data), b.want, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

// unpack returns the lines of a listing.
func unpack(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := dec.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var everything = []tar.Header{
	{Typeflag: tar.TypeDir, Name: "etc/", Mode: 0o1777, ModTime: time.Unix(1, 0)},
	{Typeflag: tar.TypeReg, Name: "etc/x<é>", Mode: 0o4755, Uid: 1, Gid: 2, Uname: "u", Gname: "g", Size: 1, ModTime: time.Unix(2, 500),
		Format: tar.FormatPAX, PAXRecords: map[string]string{"SCHILY.xattr.user.b": "\x00\xff", "SCHILY.xattr.user.a": "1"}},
	{Typeflag: tar.TypeReg, Name: "empty", Mode: 0o644, ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeLink, Name: "hard", Linkname: "./etc/x<é>", ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeSymlink, Name: "soft", Linkname: "../../x", Mode: 0o777, ModTime: time.Unix(-1, 0), Format: tar.FormatPAX},
	{Typeflag: tar.TypeChar, Name: "null", Mode: 0o666, Devmajor: 1, Devminor: 3, ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeBlock, Name: "disk", Mode: 0o600, Devmajor: 8, ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeFifo, Name: "pipe", Mode: 0o600, ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeReg, Name: "etc/.wh.gone", ModTime: time.Unix(0, 0)},
	{Typeflag: tar.TypeReg, Name: "var/.wh..wh..opq", ModTime: time.Unix(0, 0)},
}

// TestLines pins the text of a listing, with an entry of each type.
func TestLines(t *testing.T) {
	plain := archive(t, everything...)
	for _, compression := range []oci.Compression{oci.Uncompressed, oci.Gzip, oci.Zstd} {
		b := pack(t, compression, plain)
		want := `{"version":1,"diff_id":"` + string(b.want.DiffID) + `","digest":"` + string(b.want.Digest) + `","size":` +
			itoa(len(b.data)) + `,"uncompressed_size":` + itoa(len(plain)) + `,"entries":10}
{"path":"/etc","type":"directory","mode":1023,"uid":0,"gid":0,"size":0,"mtime":1}
{"path":"/etc/x<é>","type":"file","mode":2541,"uid":1,"gid":2,"user":"u","group":"g","size":1,"mtime":2,"mtime_ns":500,` +
			`"xattrs":{"user.a":"MQ==","user.b":"AP8="},"sha256":"` + sumOfX + `"}
{"path":"/empty","type":"file","mode":420,"uid":0,"gid":0,"size":0,"mtime":0,"sha256":"` + sumOfNothing + `"}
{"path":"/hard","type":"hardlink","mode":0,"uid":0,"gid":0,"size":0,"mtime":0,"link":"/etc/x<é>"}
{"path":"/soft","type":"symlink","mode":511,"uid":0,"gid":0,"size":0,"mtime":-1,"link":"../../x"}
{"path":"/null","type":"char","mode":438,"uid":0,"gid":0,"size":0,"mtime":0,"major":1,"minor":3}
{"path":"/disk","type":"block","mode":384,"uid":0,"gid":0,"size":0,"mtime":0,"major":8}
{"path":"/pipe","type":"fifo","mode":384,"uid":0,"gid":0,"size":0,"mtime":0}
{"path":"/etc/gone","type":"whiteout","mode":0,"uid":0,"gid":0,"size":0,"mtime":0}
{"path":"/var","type":"opaque","mode":0,"uid":0,"gid":0,"size":0,"mtime":0}
`
		var text strings.Builder
		if err := listing.Text(context.Background(), &text, bytes.NewReader(b.data), b.want); err != nil || text.String() != want {
			t.Errorf("%s: %v, text\n%s\nwant\n%s", compression, err, &text, want)
		}
		path := write(t, b)
		if got := unpack(t, path); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", compression, got, want)
		}
	}
}

// TestBytes pins the bytes of a listing. A change of them is a change of every cache that has listings.
func TestBytes(t *testing.T) {
	const golden = "sha256:2fe9944b4243dc60c002c5cf9b0891464bc8a8fc12e226331819f61b081b2aa7"
	d, _, err := digest.FromFile(write(t, pack(t, oci.Uncompressed, archive(t, everything...))))
	if err != nil || d != golden {
		t.Errorf("got %s, %v, want %s", d, err, golden)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// A look sees each entry, may read contents, and does not change the listing.
func TestLook(t *testing.T) {
	b := pack(t, oci.Gzip, archive(t, everything...))
	path := filepath.Join(t.TempDir(), "listing")
	f, err := listing.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	err = f.Add(context.Background(), bytes.NewReader(b.data), b.want, func(e listing.Entry, content io.Reader) error {
		text, err := io.ReadAll(content)
		seen = append(seen, e.Path+":"+string(text)+e.SHA256)
		return err
	})
	if err == nil {
		err = f.Commit()
	}
	want := []string{"/etc:", "/etc/x<é>:x", "/empty:", "/hard:", "/soft:", "/null:", "/disk:", "/pipe:", "/etc/gone:", "/var:"}
	if err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v, seen %q", err, seen)
	}
	if unpack(t, path) != unpack(t, write(t, b)) {
		t.Error("the listing differs")
	}
	failed := errors.New("stop")
	err = f.Add(context.Background(), bytes.NewReader(b.data), b.want, func(listing.Entry, io.Reader) error { return failed })
	if !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
}

// TestRefused checks that a blob that is not the expected one has no listing.
func TestRefused(t *testing.T) {
	plain := archive(t, everything...)
	good := pack(t, oci.Gzip, plain)
	other := pack(t, oci.Gzip, archive(t))
	for name, c := range map[string]struct {
		b    blob
		want string
	}{
		"digest":  {blob{good.data, other.want}, "content is longer than the promised"},
		"diff_id": {blob{good.data, listing.Header{DiffID: other.want.DiffID, Digest: good.want.Digest, Size: good.want.Size}}, "not the diff_id"},
		"truncated": {blob{good.data[:40], listing.Header{
			DiffID: good.want.DiffID, Digest: digest.FromBytes(good.data[:40]), Size: 40}}, "gzip: truncated"},
		"no archive": {pack(t, oci.Gzip, []byte("x")), "not a tar archive"},
		"hidden":     {pack(t, oci.Uncompressed, append(slices.Clone(plain), "x"...)), "data after the end"},
		"name":       {pack(t, oci.Uncompressed, archive(t, tar.Header{Typeflag: tar.TypeReg, Name: "a", Uname: "\xff", ModTime: time.Unix(0, 0)})), "owner name"},
	} {
		f, err := listing.Create(filepath.Join(t.TempDir(), "listing"))
		if err != nil {
			t.Fatal(err)
		}
		err = f.Add(context.Background(), bytes.NewReader(c.b.data), c.b.want, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		f.Abort()
	}
}

// layers returns the descriptors of blobs.
func layers(blobs ...blob) []oci.Descriptor {
	var all []oci.Descriptor
	for _, b := range blobs {
		all = append(all, oci.Descriptor{MediaType: oci.MediaTypeLayerGzip, Digest: b.want.Digest, Size: b.want.Size})
	}
	return all
}

func file(name string, size int) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(size), Mode: 0o644, ModTime: time.Unix(0, 0)}
}

// TestMerge checks that listings merge as their blobs do, from one file or from several, and the sums and the waste.
func TestMerge(t *testing.T) {
	lower := pack(t, oci.Gzip, archive(t,
		file("dir/replaced", 10), file("dir/deleted", 20), file("kept", 1), file("twice", 7), file("twice", 3), file("named", 100),
		tar.Header{Typeflag: tar.TypeLink, Name: "link", Linkname: "named", ModTime: time.Unix(0, 0)},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "sub", Linkname: "dir", ModTime: time.Unix(0, 0)},
	))
	upper := pack(t, oci.Zstd, archive(t, file("sub/replaced", 1), file("dir/.wh.deleted", 0), file(".wh.named", 0), file("new", 5)))
	store := imagetest.Store{lower.want.Digest: lower.data, upper.want.Digest: upper.data}
	all := layers(lower, upper, lower)
	all[1].MediaType = oci.MediaTypeLayerZstd
	for name, paths := range map[string][]string{
		"one file": {write(t, lower, upper)}, "two files": {write(t, upper), write(t, lower)},
	} {
		set, err := listing.Open(paths...)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(all) + 1 {
			want, err := rootfs.Merge(context.Background(), store, all[:n])
			if err != nil {
				t.Fatal(err)
			}
			got, err := set.Merge(all[:n])
			if err != nil {
				t.Fatal(err)
			}
			sums, err := want.Digests(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if x, y := describe(want.Entries()), describe(got.Entries()); !slices.Equal(x, y) {
				t.Errorf("%s: %d layers:\n%s\nwant\n%s", name, n, strings.Join(y, "\n"), strings.Join(x, "\n"))
			}
			for i, e := range want.Entries() {
				if sum := got.SHA256(got.Entries()[i].File); sum != strings.TrimPrefix(string(sums[e.File]), "sha256:") {
					t.Errorf("%s: %s: sum %q", name, e.Path, sum)
				}
			}
		}
		merged, err := set.Merge(all[:2])
		if err != nil {
			t.Fatal(err)
		}
		// Lower: replaced, deleted and the first "twice"; "named" has another name.
		if got := merged.Wasted(); !slices.Equal(got, []int64{37, 0}) {
			t.Errorf("%s: wasted %v", name, got)
		}
		if merged, err = set.Merge(all); err != nil || !slices.Equal(merged.Wasted(), []int64{1 + 3 + 100 + 37, 1, 7}) {
			t.Errorf("%s: wasted %v, %v", name, merged.Wasted(), err)
		}
	}
}

func describe(entries []rootfs.Entry) []string {
	var all []string
	for _, e := range entries {
		f := *e.File
		all = append(all, strings.Join([]string{e.Path, itoa(e.Layer), e.First, f.Kind.String(), itoa(int(f.Mode)), itoa(int(f.Size)),
			f.ModTime.UTC().String(), f.Target, itoa(f.Names), itoa(f.Layer), itoa(f.Number)}, " "))
	}
	return all
}

// TestMissing checks layers without listings.
func TestMissing(t *testing.T) {
	has, lacks := pack(t, oci.Gzip, archive(t, file("a", 1))), pack(t, oci.Gzip, archive(t, file("b", 1)))
	set, err := listing.Open(write(t, has))
	if err != nil {
		t.Fatal(err)
	}
	all := layers(has, lacks)
	if got := set.Missing(all); !reflect.DeepEqual(got, all[1:]) {
		t.Errorf("missing %v", got)
	}
	if _, err := set.Merge(all); !errors.Is(err, listing.ErrMissing) || !strings.HasPrefix(err.Error(), "layer 2 of 2, sha256:") {
		t.Errorf("error %v", err)
	}
	if h, ok := set.Header(has.want.Digest); !ok || h.Entries != 1 || h.Size != has.want.Size {
		t.Errorf("header %+v, %t", h, ok)
	}
	if _, ok := set.Header(lacks.want.Digest); ok {
		t.Error("a header for a layer without listing")
	}
	if _, err := listing.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
