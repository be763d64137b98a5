package content_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var ctx = context.Background()

// read reads a blob with one of the package's functions.
type read func(src content.Source, d oci.Descriptor) ([]byte, error)

var readers = map[string]read{
	"ReadAll": func(src content.Source, d oci.Descriptor) ([]byte, error) { return content.ReadAll(ctx, src, d) },
	"Copy": func(src content.Source, d oci.Descriptor) ([]byte, error) {
		var b bytes.Buffer
		err := content.Copy(ctx, &b, src, d)
		return b.Bytes(), err
	},
	"CopyFast": func(src content.Source, d oci.Descriptor) ([]byte, error) {
		var b bytes.Buffer
		err := content.CopyFast(ctx, &b, src, d)
		return b.Bytes(), err
	},
}

// lying is a source that returns the same bytes for every blob.
type lying string

func (l lying) Open(context.Context, oci.Descriptor) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(l))), nil
}

func TestReaders(t *testing.T) {
	hello := digest.FromBytes([]byte("hello"))
	tests := []struct {
		src  lying
		d    oci.Descriptor
		want string
	}{
		{"hello", oci.Descriptor{Digest: hello, Size: 5}, ""},
		{"", oci.Descriptor{Digest: digest.FromBytes(nil)}, ""},
		{"hello!", oci.Descriptor{Digest: hello, Size: 5}, hello.String() + ": content is longer than the promised 5 bytes"},
		{"hell", oci.Descriptor{Digest: hello, Size: 5}, hello.String() + ": content ends after 4 of the promised 5 bytes"},
		{"jello", oci.Descriptor{Digest: hello, Size: 5}, hello.String() + ": content has the digest " +
			digest.FromBytes([]byte("jello")).String()},
		{"hello", oci.Descriptor{Digest: hello, Size: -1}, hello.String() + ": size -1 is negative"},
		{"hello", oci.Descriptor{Digest: "sha256:../x", Size: 5}, `digest "sha256:../x": invalid checksum digest length`},
		{"hello", oci.Descriptor{Digest: "hello", Size: 5}, `digest "hello": invalid checksum digest format`},
	}
	for name, read := range readers {
		for _, test := range tests {
			got, err := read(test.src, test.d)
			switch {
			case test.want == "" && (err != nil || string(got) != string(test.src)):
				t.Errorf("%s of %q: %q, %v", name, test.src, got, err)
			case test.want != "" && (err == nil || err.Error() != test.want):
				t.Errorf("%s of %q as %+v: error %v, want %s", name, test.src, test.d, err, test.want)
			}
		}
		_, err := read(make(imagetest.Store), oci.Descriptor{Digest: hello, Size: 5})
		if !errors.Is(err, content.ErrNotFound) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	want := hello.String() + ": document of 8388609 bytes, the limit is 8388608"
	_, err := content.ReadAll(ctx, lying("hello"), oci.Descriptor{Digest: hello, Size: content.MaxDocument + 1})
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// CopyFast copies a file without hashing it, but checks its size.
func TestCopyFastFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blob")
	imagetest.WriteFile(t, path, []byte("jello"))
	hello := digest.FromBytes([]byte("hello"))
	var files content.Files
	files.Add(hello, path)
	tests := []struct {
		size int64
		want string
	}{
		{5, ""},
		{6, hello.String() + ": content ends after 5 of the promised 6 bytes"},
		{4, hello.String() + ": content is longer than the promised 4 bytes"},
		{0, hello.String() + ": content is longer than the promised 0 bytes"},
	}
	for _, test := range tests {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		err = content.CopyFast(ctx, out, &files, oci.Descriptor{Digest: hello, Size: test.size})
		if test.want != "" {
			if err == nil || err.Error() != test.want {
				t.Errorf("size %d: error %v, want %s", test.size, err, test.want)
			}
			continue
		}
		if got, readErr := os.ReadFile(out.Name()); err != nil || readErr != nil || string(got) != "jello" {
			t.Errorf("size %d: %q, %v, %v", test.size, got, err, readErr)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	store := make(imagetest.Store)
	inDir := store.Add("", []byte("in the directory"))
	store.WriteFiles(t, dir)
	document := filepath.Join(dir, "document")
	imagetest.WriteFile(t, document, []byte("document"))

	var files content.Files
	files.AddDirectory(t.TempDir())
	files.AddDirectory(dir)
	if err := files.AddDocument(document); err != nil {
		t.Fatal(err)
	}
	inFile := oci.Descriptor{Digest: digest.FromBytes([]byte("document")), Size: 8}
	if got, err := content.ReadAll(ctx, &files, inFile); err != nil || string(got) != "document" {
		t.Errorf("ReadAll: %q, %v", got, err)
	}
	if got, err := content.ReadAll(ctx, &files, inDir); err != nil || string(got) != "in the directory" {
		t.Errorf("ReadAll: %q, %v", got, err)
	}
	if _, err := files.Open(ctx, oci.Descriptor{Digest: digest.FromBytes(nil)}); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("an unknown blob: error %v", err)
	}
	if _, err := files.Open(ctx, oci.Descriptor{Digest: "sha256:../document"}); err == nil {
		t.Error("no error for a path in place of a digest")
	}
	if err := files.AddDocument(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing document: error %v", err)
	}
}

// failing is a source that fails with an error other than ErrNotFound.
type failing struct{}

func (failing) Open(context.Context, oci.Descriptor) (io.ReadCloser, error) {
	return nil, os.ErrPermission
}

func TestMulti(t *testing.T) {
	first, second := make(imagetest.Store), make(imagetest.Store)
	a, b := first.Add("", []byte("a")), second.Add("", []byte("b"))
	for _, d := range []oci.Descriptor{a, b} {
		if _, err := content.ReadAll(ctx, content.Multi{first, second}, d); err != nil {
			t.Error(err)
		}
	}
	unknown := oci.Descriptor{Digest: digest.FromBytes(nil)}
	want := unknown.Digest.String() + ": blob not found"
	if _, err := (content.Multi{first, second}).Open(ctx, unknown); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := (content.Multi{failing{}, first}).Open(ctx, a); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a failure is ignored: %v", err)
	}
}

func TestWalk(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "app", "base")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "base")
	root := store.AddIndex(t, amd, arm)
	a, b := store.Manifest(t, amd), store.Manifest(t, arm)
	want := []oci.Descriptor{a.Layers[0], a.Layers[1], a.Config, amd, b.Config, arm, root}
	var got []oci.Descriptor
	err := content.Walk(ctx, store, root, func(d oci.Descriptor, data []byte) error {
		got = append(got, d)
		isDocument := oci.IsDocument(d.MediaType)
		if isDocument && !bytes.Equal(data, store[d.Digest]) || !isDocument && data != nil {
			t.Errorf("%s comes with %q", d.Digest, data)
		}
		return nil
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("visited %+v, %v\nwant %+v", got, err, want)
	}
}

// Blobs that Enter skips are neither read nor visited, unless another document refers to them, too.
func TestWalkSkips(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "app")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "base")
	inner := store.AddIndex(t, amd, arm)
	root := store.AddIndex(t, inner)
	b := store.Manifest(t, arm)
	delete(store, amd.Digest)
	var entered [][]oci.Descriptor // the parents of a blob, and the blob
	var left []oci.Descriptor
	walker := content.Walker{
		Source: store,
		Enter: func(d oci.Descriptor, parents []content.Document) error {
			var way []oci.Descriptor
			for _, parent := range parents {
				if !bytes.Equal(parent.Text, store[parent.Digest]) {
					t.Errorf("parent %s comes with %q", parent.Digest, parent.Text)
				}
				way = append(way, parent.Descriptor)
			}
			entered = append(entered, append(way, d))
			if d.Digest == amd.Digest {
				return content.ErrSkip
			}
			return nil
		},
		Leave: func(d oci.Descriptor, _ []byte) error {
			left = append(left, d)
			return nil
		},
	}
	err := walker.Walk(ctx, root)
	wantLeft := []oci.Descriptor{b.Layers[0], b.Config, arm, inner, root}
	if err != nil || !reflect.DeepEqual(left, wantLeft) {
		t.Errorf("left %+v, %v\nwant %+v", left, err, wantLeft)
	}
	wantEntered := [][]oci.Descriptor{{root}, {root, inner}, {root, inner, amd}, {root, inner, arm},
		{root, inner, arm, b.Layers[0]}, {root, inner, arm, b.Config}}
	if !reflect.DeepEqual(entered, wantEntered) {
		t.Errorf("entered %+v\nwant %+v", entered, wantEntered)
	}
	walker.Enter = func(oci.Descriptor, []content.Document) error { return io.ErrClosedPipe }
	if err := walker.Walk(ctx, root); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

func TestWalkFails(t *testing.T) {
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	traversal := store.AddIndex(t, oci.Descriptor{MediaType: oci.MediaTypeLayer, Digest: "sha256:../../x"})
	negative := store.AddIndex(t, oci.Descriptor{MediaType: oci.MediaTypeLayer, Digest: image.Digest, Size: -7})
	broken := store.Add(oci.MediaTypeIndex, []byte("["))
	deep := image
	for range 9 {
		deep = store.AddIndex(t, deep)
	}
	missing := oci.Descriptor{MediaType: oci.DockerMediaTypeManifest, Digest: digest.FromBytes(nil)}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	tests := []struct {
		ctx  context.Context
		root oci.Descriptor
		want string
	}{
		{ctx, traversal, `digest "sha256:../../x": invalid checksum digest length`},
		{ctx, negative, image.Digest.String() + ": size -7 is negative"},
		{ctx, broken, "index " + broken.Digest.String() + ": unexpected EOF"},
		{ctx, deep, image.Digest.String() + ": indexes nest more than 8 deep"},
		{ctx, missing, "manifest: " + missing.Digest.String() + ": blob not found"},
		{cancelled, image, "context canceled"},
	}
	for _, test := range tests {
		err := content.Walk(test.ctx, store, test.root, func(oci.Descriptor, []byte) error { return nil })
		if err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
	visits := 0
	err := content.Walk(ctx, store, image, func(oci.Descriptor, []byte) error {
		visits++
		return io.ErrClosedPipe
	})
	if !errors.Is(err, io.ErrClosedPipe) || visits != 1 {
		t.Errorf("after %d visits: error %v", visits, err)
	}
}
