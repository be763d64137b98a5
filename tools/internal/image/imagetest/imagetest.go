// Package imagetest makes small images in memory, for tests of the packages that move images.
//
// The images are valid in every respect. A test that needs a broken one changes a blob of the [Store].
package imagetest

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/rules-strata/rules_strata/tools/internal/layer/compress"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Store holds blobs in memory by their digests. It is a [content.Source].
type Store map[digest.Digest][]byte

// Open implements content.Source.
func (s Store) Open(_ context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	data, ok := s[d.Digest]
	if !ok {
		return nil, fmt.Errorf("%s: %w", d.Digest, content.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Add adds a blob and returns its descriptor.
func (s Store) Add(mediaType string, data []byte) oci.Descriptor {
	d := digest.FromBytes(data)
	s[d] = data
	return oci.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// AddJSON adds the document v and returns its descriptor.
func (s Store) AddJSON(t testing.TB, mediaType string, v any) oci.Descriptor {
	t.Helper()
	data, err := oci.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return s.Add(mediaType, data)
}

// AddImage adds an image for the platform, with a layer for each name that contains one file with that name and the name
// as its contents. It returns the manifest's descriptor.
func (s Store) AddImage(t testing.TB, platform string, compression oci.Compression, names ...string) oci.Descriptor {
	t.Helper()
	p, err := oci.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	config := v1.Image{Platform: v1.Platform(p.InConfig()), RootFS: v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{}}}
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Layers: []oci.Descriptor{}}
	for _, name := range names {
		layer := Tar(t, File{Name: name, Data: name})
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(layer))
		config.History = append(config.History, oci.History{CreatedBy: "imagetest"})
		manifest.Layers = append(manifest.Layers, s.Add(compression.MediaType(), Pack(t, compression, layer)))
	}
	manifest.Config = s.AddJSON(t, oci.MediaTypeConfig, config)
	d := s.AddJSON(t, oci.MediaTypeManifest, manifest)
	d.Platform = &p
	return d
}

// AddIndex adds an index of images and returns its descriptor.
func (s Store) AddIndex(t testing.TB, images ...oci.Descriptor) oci.Descriptor {
	t.Helper()
	index := oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: images}
	return s.AddJSON(t, oci.MediaTypeIndex, index)
}

// Manifest returns the manifest that d names.
func (s Store) Manifest(t testing.TB, d oci.Descriptor) oci.Manifest {
	t.Helper()
	var manifest oci.Manifest
	if err := oci.Unmarshal(s[d.Digest], &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest
}

// WriteFiles writes each blob to a file sha256/HEX below dir, as [content.Files.AddDirectory] requires.
func (s Store) WriteFiles(t testing.TB, dir string) {
	t.Helper()
	for d, data := range s {
		WriteFile(t, filepath.Join(dir, "sha256", d.Encoded()), data)
	}
}

// WriteFile writes a file and creates its parents.
func WriteFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// File is an entry of a tar: a regular file, or a link.
type File struct {
	Name, Data string
	Type       byte   // tar.TypeReg if 0
	Link       string // the target of a link
}

// Tar returns a tar of the files in their order, with the time 0 and the mode 0644.
func Tar(t testing.TB, files ...File) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if f.Type == 0 {
			f.Type = tar.TypeReg
		}
		h := tar.Header{Typeflag: f.Type, Name: f.Name, Linkname: f.Link, Size: int64(len(f.Data)), Mode: 0o644,
			ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Pack returns data compressed.
func Pack(t testing.TB, compression oci.Compression, data []byte) []byte {
	t.Helper()
	format, err := compress.Parse(compression, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := format.NewWriter(compress.Ends{Packed: []io.Writer{&b}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// DirTar returns a tar of a directory with the mode 1777, and of entries in it and links to it: a file, a hard link and a
// symlink to it, a FIFO and a deletion.
func DirTar(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "dir/", Mode: 0o1777, Uid: 7, Gid: 8},
		{Typeflag: tar.TypeReg, Name: "dir/program", Mode: 0o4755, Size: 5},
		{Typeflag: tar.TypeLink, Name: "hard", Linkname: "dir/program", Mode: 0o4755},
		{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/dir", Mode: 0o777},
		{Typeflag: tar.TypeFifo, Name: "pipe", Mode: 0o600},
	} {
		h.ModTime = time.Unix(0, 0)
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, "hello"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
