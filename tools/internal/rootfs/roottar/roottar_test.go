package roottar_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs"
	"github.com/rules-strata/rules_strata/tools/internal/rootfs/roottar"
)

// layer returns a layer with all that a tar can hold.
func layer(t *testing.T, store imagetest.Store) oci.Descriptor {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "dir/", Mode: 0o1777, Uid: 7, Gid: 1 << 22},
		{Typeflag: tar.TypeReg, Name: "dir/" + strings.Repeat("ü", 100), Mode: 0o4755, Size: 3,
			PAXRecords: map[string]string{"SCHILY.xattr.user.a": "1", "SCHILY.xattr.user.b": "x=y"}},
		{Typeflag: tar.TypeReg, Name: "empty", Mode: 0o644},
		{Typeflag: tar.TypeLink, Name: "a", Linkname: "empty"},
		{Typeflag: tar.TypeSymlink, Name: "s", Linkname: strings.Repeat("../", 60) + "x", Mode: 0o777},
		{Typeflag: tar.TypeChar, Name: "null", Mode: 0o666, Devmajor: 1, Devminor: 3},
		{Typeflag: tar.TypeBlock, Name: "disk", Mode: 0o660, Devmajor: 8, Devminor: 1},
		{Typeflag: tar.TypeFifo, Name: "pipe", Mode: 0o600},
	} {
		h.ModTime, h.Format = time.Unix(1000, 5), tar.FormatPAX
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, "abc"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return store.Add(oci.MediaTypeLayer, b.Bytes())
}

// list describes a file system, contents included.
func list(t *testing.T, f *rootfs.FileSystem) []string {
	t.Helper()
	sums, err := f.Digests(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range f.Entries() {
		g := e.File
		all = append(all, fmt.Sprint(e.Path, e.First, g.Kind, g.Mode, g.UID, g.GID, g.ModTime.UTC(), g.Size, g.Target, g.Major, g.Minor,
			slices.Sorted(maps.Keys(g.Xattrs)), g.Xattrs, g.Names, sums[g]))
	}
	return all
}

// The tar, as a layer, merges to the same file system.
func TestRoundTrip(t *testing.T) {
	store := make(imagetest.Store)
	upper := store.Add(oci.MediaTypeLayerGzip, imagetest.Pack(t, oci.Gzip, imagetest.Tar(t, imagetest.File{Name: "new/x", Data: "x"},
		imagetest.File{Name: ".wh.pipe"})))
	ctx := context.Background()
	f, err := rootfs.Merge(ctx, store, []oci.Descriptor{layer(t, store), upper})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := roottar.Write(ctx, &b, f); err != nil {
		t.Fatal(err)
	}
	again, err := rootfs.Merge(ctx, store, []oci.Descriptor{store.Add(oci.MediaTypeLayer, b.Bytes())})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, again), list(t, f); !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// Golden: the bytes depend on nothing but the layers.
	const want = "sha256:c36e87ee4827b9db1029f5c0d1f2bc66d629fdc9ae85ce413a7ffb7fa026f62c"
	if got := digest.FromBytes(b.Bytes()).String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// A layer that changes after it was merged is an error.
func TestDamaged(t *testing.T) {
	store := make(imagetest.Store)
	d := layer(t, store)
	f, err := rootfs.Merge(context.Background(), store, []oci.Descriptor{d})
	if err != nil {
		t.Fatal(err)
	}
	data := store[d.Digest]
	data[bytes.Index(data, []byte("abc"))] ^= 1
	var mismatch *digest.MismatchError
	if err := roottar.Write(context.Background(), io.Discard, f); !errors.As(err, &mismatch) {
		t.Errorf("error %v", err)
	}
}
