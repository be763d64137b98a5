package archive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
	"github.com/rules-strata/rules_strata/tools/internal/store/unarchive"
)

var ctx = context.Background()

// write returns the archive of root.
func write(t *testing.T, src content.Source, root oci.Descriptor, options archive.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := archive.Write(ctx, &b, src, root, options); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entries returns a line for each entry of a tar, and the bytes of its files.
func entries(t *testing.T, data []byte) (lines []string, files map[string]string) {
	t.Helper()
	files = make(map[string]string)
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return lines, files
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%c %s %o %d:%d %q:%q %d %v", h.Typeflag, h.Name, h.Mode, h.Uid, h.Gid, h.Uname,
			h.Gname, h.ModTime.Unix(), h.Format))
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(body)
	}
}

func name(t *testing.T, text string) reference.Reference {
	t.Helper()
	r, err := reference.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrite(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "app", "base")
	manifest := store.Manifest(t, root)
	names := []reference.Reference{name(t, "alpine"), name(t, "localhost:5000/a:v1")}
	data := write(t, store, root, archive.Options{Names: names})

	blob := func(d oci.Descriptor) string { return "blobs/sha256/" + d.Digest.Encoded() }
	base, app := blob(manifest.Layers[0]), blob(manifest.Layers[1])
	file := func(name string) string { return "0 " + name + ` 644 0:0 "":"" 0 USTAR` }
	wantLines := []string{
		file("oci-layout"), file("index.json"), file("manifest.json"),
		`5 blobs/ 755 0:0 "":"" 0 USTAR`, `5 blobs/sha256/ 755 0:0 "":"" 0 USTAR`,
		file(base), file(app), file(blob(manifest.Config)), file(blob(root)),
	}
	index, err := layout.Index(root, names)
	if err != nil {
		t.Fatal(err)
	}
	wantFiles := map[string]string{
		"oci-layout": `{"imageLayoutVersion":"1.0.0"}`,
		"index.json": string(index),
		"manifest.json": `[{"Config":"` + blob(manifest.Config) + `","RepoTags":["docker.io/library/alpine:latest",` +
			`"localhost:5000/a:v1"],"Layers":["` + base + `","` + app + `","` + base + `"]}]`,
		"blobs/": "", "blobs/sha256/": "",
	}
	for d, data := range store {
		wantFiles["blobs/sha256/"+d.Encoded()] = string(data)
	}
	lines, files := entries(t, data)
	if !slices.Equal(lines, wantLines) {
		t.Errorf("entries\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(wantLines, "\n"))
	}
	for name, want := range wantFiles {
		if files[name] != want {
			t.Errorf("%s: wrote %q\nwant %q", name, files[name], want)
		}
	}
	if !bytes.HasSuffix(data, make([]byte, 1024)) || len(data)%512 != 0 {
		t.Errorf("%d bytes, not ended by two blocks of zeros", len(data))
	}
	checkArchive(t, data)
}

// Omitted blobs are missing from the archive, and nothing else is.
func TestWriteOmit(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "base", "app")
	base := store.Manifest(t, root).Layers[0].Digest
	whole, _ := entries(t, write(t, store, root, archive.Options{}))
	want := slices.DeleteFunc(whole, func(line string) bool { return strings.Contains(line, base.Encoded()) })
	delete(store, base) // an omitted blob is not even opened
	got, _ := entries(t, write(t, store, root, archive.Options{Omit: map[digest.Digest]bool{base: true}}))
	if !slices.Equal(got, want) {
		t.Errorf("entries\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// checkArchive runs the validator on an archive.
func checkArchive(t *testing.T, data []byte) {
	t.Helper()
	report, err := check.Archive(ctx, save(t, data), check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range report.Violations {
		t.Error(violation)
	}
}

// save writes data to a file and returns its path.
func save(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	imagetest.WriteFile(t, path, data)
	return path
}

// The bytes are the same from memory and from files, into memory and into a file.
func TestWriteIsDeterministic(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddIndex(t,
		store.AddImage(t, "linux/amd64", oci.Zstd, "a", "b"),
		store.AddImage(t, "linux/arm64", oci.Zstd, "a"))
	want := write(t, store, root, archive.Options{})
	blobs := t.TempDir()
	store.WriteFiles(t, blobs)
	onDisk := new(content.Files)
	onDisk.AddDirectory(blobs)
	if !bytes.Equal(write(t, onDisk, root, archive.Options{}), want) {
		t.Error("blobs in files give a different archive")
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := archive.Write(ctx, out, onDisk, root, archive.Options{}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out.Name()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a file gets different bytes, %v", err)
	}
	checkArchive(t, want)
}

// Docker finds the first image, which is neither an attestation nor an artifact.
func TestWriteIndex(t *testing.T) {
	store := make(imagetest.Store)
	attestation := store.AddImage(t, "unknown/unknown", oci.Gzip, "attestation")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "a")
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion,
		Config:    store.Add("application/vnd.example", []byte("{}")),
	})
	root := store.AddIndex(t, artifact, attestation, arm, amd)
	_, files := entries(t, write(t, store, root, archive.Options{}))
	manifest := store.Manifest(t, arm)
	want := `[{"Config":"blobs/sha256/` + manifest.Config.Digest.Encoded() + `","RepoTags":[],"Layers":["blobs/sha256/` +
		manifest.Layers[0].Digest.Encoded() + `"]}]`
	if files["manifest.json"] != want {
		t.Errorf("manifest.json %s\nwant %s", files["manifest.json"], want)
	}
	if len(files) != 5+len(store) {
		t.Errorf("%d entries, want %d", len(files), 5+len(store))
	}
	if _, files := entries(t, write(t, store, artifact, archive.Options{})); files["manifest.json"] != "" {
		t.Errorf("an artifact has a manifest.json: %s", files["manifest.json"])
	}
}

func TestWriteRefuses(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a")
	layer := store.Manifest(t, root).Layers[0].Digest
	byDigest := reference.Reference{Registry: "h", Repository: "r", Digest: layer}
	err := archive.Write(ctx, io.Discard, store, root, archive.Options{Names: []reference.Reference{byDigest}})
	want := byDigest.String() + ": an image in a layout is named by a tag, not by a digest"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	store[layer] = store[layer][:99]
	err = archive.Write(ctx, io.Discard, store, root, archive.Options{})
	if want := layer.String() + ": content ends after 99 of the promised 2048 bytes"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	delete(store, layer)
	if err := archive.Write(ctx, io.Discard, store, root, archive.Options{}); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v, want %v", err, content.ErrNotFound)
	}
	delete(store, root.Digest)
	if err := archive.Write(ctx, io.Discard, store, root, archive.Options{}); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("error %v, want %v", err, content.ErrNotFound)
	}
}

// failingWriter fails after some bytes.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, fs.ErrClosed
	}
	return len(p), nil
}

// The failure of any write is reported.
func TestWriteReportsEveryFailure(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddImage(t, "linux/amd64", oci.Uncompressed, "a")
	size := len(write(t, store, root, archive.Options{}))
	for left := 0; left < size; left += 256 {
		if err := archive.Write(ctx, &failingWriter{left}, store, root, archive.Options{}); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after %d of %d bytes: error %v", left, size, err)
		}
	}
	if err := archive.Write(ctx, &failingWriter{size}, store, root, archive.Options{}); err != nil {
		t.Error(err)
	}
}

func TestRoundTrip(t *testing.T) {
	store := make(imagetest.Store)
	root := store.AddIndex(t, store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b"))
	data := write(t, store, root, archive.Options{})
	for _, compression := range []oci.Compression{oci.Uncompressed, oci.Gzip, oci.Zstd} {
		r, err := unarchive.Open(save(t, imagetest.Pack(t, compression, data)), "")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		read, err := layout.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[digest.Digest]bool)
		err = content.Walk(ctx, read, read.Roots()[0], func(d oci.Descriptor, _ []byte) error {
			seen[d.Digest] = true
			return content.Copy(ctx, io.Discard, read, d)
		})
		if err != nil || len(seen) != len(store) {
			t.Errorf("%s: read %d blobs of %d, %v", compression, len(seen), len(store), err)
		}
	}
}

// An archive cannot contain a missing layer that is not distributable; the error names the layer's URL.
func TestWriteForeignLayer(t *testing.T) {
	store := make(imagetest.Store)
	layer := store.Add(oci.DockerMediaTypeForeignLayer, []byte("x"))
	layer.URLs = []string{"https://example.org/layer"}
	root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion,
		Config: store.Add(oci.MediaTypeConfig, []byte("{}")), Layers: []oci.Descriptor{layer}})
	delete(store, layer.Digest)
	want := layer.Digest.String() + ": the layer is missing and not distributable, so it cannot be archived; " +
		"engines fetch it from https://example.org/layer"
	if err := archive.Write(ctx, io.Discard, store, root, archive.Options{}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// A layer that is not distributable may be missing if the reader has it.
func TestWriteOmitForeignLayer(t *testing.T) {
	store := make(imagetest.Store)
	layer := store.Add(oci.DockerMediaTypeForeignLayer, []byte("x"))
	layer.URLs = []string{"https://example.org/layer"}
	root := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion,
		Config: store.Add(oci.MediaTypeConfig, []byte("{}")), Layers: []oci.Descriptor{layer}})
	delete(store, layer.Digest)
	options := archive.Options{Omit: map[digest.Digest]bool{layer.Digest: true}}
	if err := archive.Write(ctx, io.Discard, store, root, options); err != nil {
		t.Error(err)
	}
}
