package layout_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

var ctx = context.Background()

// names parses image names.
func names(t *testing.T, texts ...string) []reference.Reference {
	t.Helper()
	var all []reference.Reference
	for _, text := range texts {
		name, err := reference.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

// files returns all regular files below dir with their contents. Any other file except a directory is an error.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			t.Errorf("%s is not a regular file", path)
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func TestWrite(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "app", "base")
	arm := store.AddImage(t, "linux/arm64/v8", oci.Zstd, "base", "app")
	index := store.AddIndex(t, amd, arm)
	blobs := t.TempDir()
	store.WriteFiles(t, blobs)
	onDisk := new(content.Files)
	onDisk.AddDirectory(blobs)

	for _, src := range []content.Source{store, onDisk} {
		dir := filepath.Join(t.TempDir(), "layout")
		if err := layout.Write(ctx, dir, src, index, names(t, "localhost/app:v1")); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"oci-layout": `{"imageLayoutVersion":"1.0.0"}`,
			"index.json": `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{` +
				`"mediaType":"application/vnd.oci.image.index.v1+json","digest":"` + index.Digest.String() + `","size":` +
				strconv.FormatInt(index.Size, 10) + `,"annotations":{"io.containerd.image.name":"localhost/app:v1",` +
				`"org.opencontainers.image.ref.name":"v1"}}]}`,
		}
		for d, data := range store {
			want["blobs/sha256/"+d.Encoded()] = string(data)
		}
		got := files(t, dir)
		if gotNames, wantNames := keys(got), keys(want); !slices.Equal(gotNames, wantNames) {
			t.Errorf("wrote %q\nwant %q", gotNames, wantNames)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: wrote %q\nwant %q", name, got[name], want[name])
			}
		}
		checkLayout(t, dir)
	}
}

// checkLayout runs the validator on the layout in dir.
func checkLayout(t *testing.T, dir string) {
	t.Helper()
	report, err := check.Layout(ctx, dir, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range report.Violations {
		t.Error(violation)
	}
}

func TestWriteIntoEmptyDirectory(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a")
	dir := t.TempDir()
	if err := layout.Write(ctx, dir, store, root, nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the directory has mode %v, %v", info.Mode(), err)
	}
	checkLayout(t, dir)
}

func TestIndex(t *testing.T) {
	root := oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(nil),
		Annotations: map[string]string{"a": "b"}}
	named := func(tag, name string) oci.Descriptor {
		d := root
		d.Annotations = map[string]string{"a": "b", layout.AnnotationTag: tag, layout.AnnotationName: name}
		return d
	}
	tests := []struct {
		names []string
		want  []oci.Descriptor
	}{
		{nil, []oci.Descriptor{root}},
		{[]string{"alpine", "localhost:5000/x:v1"}, []oci.Descriptor{
			named("latest", "docker.io/library/alpine:latest"), named("v1", "localhost:5000/x:v1")}},
	}
	for _, test := range tests {
		got, err := layout.Index(root, names(t, test.names...))
		if err != nil {
			t.Fatal(err)
		}
		want, err := oci.Marshal(oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: test.want})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("names %q:\ngot  %s\nwant %s", test.names, got, want)
		}
	}
	if len(root.Annotations) != 1 {
		t.Errorf("the caller's annotations became %v", root.Annotations)
	}
	const byDigest = "docker.io/library/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	want := byDigest + ": an image in a layout is named by a tag, not by a digest"
	if _, err := layout.Index(root, names(t, byDigest)); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := []struct {
		name string
		// spoil breaks the image, whose blobs are in the store, or its surroundings, and returns the expected end of the
		// error.
		spoil func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, dir string) string
	}{
		{"missing layer", func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, _ string) string {
			layer := store.Manifest(t, *manifest).Layers[0]
			delete(store, layer.Digest)
			return layer.Digest.String() + ": blob not found"
		}},
		{"long layer", func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, _ string) string {
			layer := store.Manifest(t, *manifest).Layers[0]
			store[layer.Digest] = append(store[layer.Digest], 'x')
			return layer.Digest.String() + ": content is longer than the promised 2048 bytes"
		}},
		{"short layer", func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, _ string) string {
			layer := store.Manifest(t, *manifest).Layers[0]
			store[layer.Digest] = store[layer.Digest][:100]
			return layer.Digest.String() + ": content ends after 100 of the promised 2048 bytes"
		}},
		{"changed manifest", func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, _ string) string {
			data := bytes.Replace(store[manifest.Digest], []byte("2048"), []byte("2049"), 1)
			store[manifest.Digest] = data
			return manifest.Digest.String() + ": content has the digest " + digest.FromBytes(data).String()
		}},
		{"not JSON", func(t *testing.T, store imagetest.Store, manifest *oci.Descriptor, _ string) string {
			*manifest = store.Add(oci.MediaTypeManifest, []byte("{"))
			return manifest.Digest.String() + ": unexpected EOF"
		}},
		{"directory not empty", func(t *testing.T, _ imagetest.Store, _ *oci.Descriptor, dir string) string {
			imagetest.WriteFile(t, filepath.Join(dir, "file"), nil)
			return dir + ": directory is not empty"
		}},
		{"a file", func(t *testing.T, _ imagetest.Store, _ *oci.Descriptor, dir string) string {
			imagetest.WriteFile(t, dir, nil)
			return dir + ": not a directory"
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := make(imagetest.Store)
			root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a")
			parent, blobs := t.TempDir(), t.TempDir()
			dir := filepath.Join(parent, "layout")
			want := test.spoil(t, store, &root, dir)
			store.WriteFiles(t, blobs)
			onDisk := new(content.Files)
			onDisk.AddDirectory(blobs)
			before := files(t, parent)
			for _, src := range []content.Source{store, onDisk} {
				if err := layout.Write(ctx, dir, src, root, nil); err == nil || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("from %T: error %v, want %s", src, err, want)
				}
			}
			if after := files(t, parent); !maps.Equal(before, after) {
				t.Errorf("left behind: %q", keys(after))
			}
		})
	}
}

func TestWriteCancelled(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(cancelled, dir, store, root, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestOpen(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b")
	dir := filepath.Join(t.TempDir(), "layout")
	if err := layout.Write(ctx, dir, store, root, nil); err != nil {
		t.Fatal(err)
	}
	read, err := layout.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	roots := read.Roots()
	if len(roots) != 1 || roots[0].Digest != root.Digest || roots[0].Size != root.Size {
		t.Fatalf("roots %+v, want %+v", roots, root)
	}
	for d, want := range store {
		var got bytes.Buffer
		if err := content.Copy(ctx, &got, read, oci.Descriptor{Digest: d, Size: int64(len(want))}); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs", d)
		}
	}
	r, err := read.Open(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, isFile := r.(*os.File); !isFile {
		t.Errorf("a blob is opened as %T, want *os.File, which the kernel can copy", r)
	}
	unknown := oci.Descriptor{Digest: digest.FromBytes([]byte("x"))}
	if _, err := read.Open(ctx, unknown); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("an unknown blob: error %v", err)
	}
	if _, err := read.Open(ctx, oci.Descriptor{Digest: "../../etc/passwd"}); err == nil {
		t.Error("no error for a path in place of a digest")
	}
}

func TestOpenRefuses(t *testing.T) {
	const marker = layout.Marker
	const empty = `{"schemaVersion":2,"manifests":[]}`
	tests := []struct {
		name          string
		marker, index string
		want          string
	}{
		{"no marker", "", empty, `not an OCI image layout: no file "oci-layout"`},
		{"marker not JSON", "{", empty, "oci-layout: unexpected EOF"},
		{"other version", `{"imageLayoutVersion":"2.0.0"}`, empty, `oci-layout: version "2.0.0", expected 1.0.0`},
		{"no index", marker, "", "open index.json: file does not exist"},
		{"index not JSON", marker, "[", "index.json: unexpected EOF"},
		{"bad digest", marker, `{"manifests":[{"digest":"sha256:../x"}]}`,
			`index.json: digest "sha256:../x": invalid checksum digest length`},
		{"large index", marker, strings.Repeat(" ", content.MaxDocument) + empty, "index.json: more than 8388608 bytes"},
	}
	for _, test := range tests {
		fsys := make(fstest.MapFS)
		if test.marker != "" {
			fsys["oci-layout"] = &fstest.MapFile{Data: []byte(test.marker)}
		}
		if test.index != "" {
			fsys["index.json"] = &fstest.MapFile{Data: []byte(test.index)}
		}
		_, err := layout.Open(fsys)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
		if got := errors.Is(err, layout.ErrNotLayout); got != (test.marker == "") {
			t.Errorf("%s: errors.Is(err, ErrNotLayout) = %t", test.name, got)
		}
	}
}

func TestWriteBlobReportsClose(t *testing.T) {
	d := oci.Descriptor{Digest: digest.FromBytes(nil)}
	err := layout.WriteBlob(t.TempDir(), d, func(w io.Writer) error { return w.(io.Closer).Close() })
	if !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error %v, want %v", err, fs.ErrClosed)
	}
}
