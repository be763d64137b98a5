package pin

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// counted is a source that counts how often each blob is opened.
type counted struct {
	content.Source
	mu    sync.Mutex
	opens map[digest.Digest]int
}

// Open implements content.Source.
func (c *counted) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opens[d.Digest]++
	return c.Source.Open(ctx, d)
}

// locked returns the image of the manifests as a lock file has it.
func locked(t *testing.T, store imagetest.Store, manifests ...oci.Descriptor) lockfile.Image {
	t.Helper()
	image := lockfile.Image{Platforms: make(map[string]lockfile.Platform)}
	document := func(d oci.Descriptor) lockfile.Document {
		return lockfile.Document{MediaType: d.MediaType, Digest: d.Digest, Text: store[d.Digest]}
	}
	for _, d := range manifests {
		image.Platforms[oci.FormatPlatform(*d.Platform)] = lockfile.Platform{
			Manifest: document(d), Config: document(store.Manifest(t, d).Config),
		}
	}
	return image
}

// stack adds an image of layers.
func stack(t *testing.T, store imagetest.Store, platform string, layers ...oci.Descriptor) oci.Descriptor {
	t.Helper()
	p, err := oci.ParsePlatform(platform)
	if err != nil {
		t.Fatal(err)
	}
	config := lockfile.Config{ConfigPlatform: p.InConfig()}
	for _, layer := range layers {
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.Digest)
	}
	d := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Layers: layers,
		Config: store.AddJSON(t, oci.MediaTypeConfig, config),
	})
	d.Platform = &p
	return d
}

// merged returns a layer with the compression that has the symlink /lib and the directory d.
func merged(t *testing.T, store imagetest.Store, compression oci.Compression) oci.Descriptor {
	t.Helper()
	layer := imagetest.Tar(t, imagetest.File{Name: "lib", Type: tar.TypeSymlink, Link: "usr/lib"},
		imagetest.File{Name: "d/", Type: tar.TypeDir}, imagetest.File{Name: "d/f", Data: strings.Repeat("x", 1<<20)})
	return store.Add(compression.MediaType(), imagetest.Pack(t, compression, layer))
}

const lib = `"symlinks":{"/lib":"usr/lib"}`

func TestShapes(t *testing.T) {
	store := make(imagetest.Store)
	base := merged(t, store, oci.Gzip)
	upper := store.Add(oci.Zstd.MediaType(), imagetest.Pack(t, oci.Zstd,
		imagetest.Tar(t, imagetest.File{Name: ".wh.d"}, imagetest.File{Name: "f"})))
	amd, arm := stack(t, store, "linux/amd64", base, upper), stack(t, store, "linux/arm64", base, base)
	windows := stack(t, store, "windows/amd64", base)
	src := &counted{Source: store, opens: make(map[digest.Digest]int)}
	image := locked(t, store, amd, arm, windows)
	reasons, err := Shapes(t.Context(), src, image, lockfile.Image{})
	if err != nil || reasons != nil {
		t.Fatal(reasons, err)
	}
	for name, want := range map[string]string{
		"linux/amd64":   `{"version":1,` + lib + `,"interpreters":{}}` + "\n",
		"linux/arm64":   `{"version":1,` + lib + `,"dirs":{"/d":{"mode":"0644"}},"interpreters":{}}` + "\n",
		"windows/amd64": "",
	} {
		if got := string(image.Platforms[name].Shape); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for d, n := range src.opens {
		if n != 1 {
			t.Errorf("%s is read %d times", d, n)
		}
	}
	clear(src.opens)
	again := locked(t, store, amd, arm)
	if _, err := Shapes(t.Context(), src, again, image); err != nil || len(src.opens) > 0 {
		t.Errorf("what is known is read again: %v, %v", src.opens, err)
	}
	if string(again.Platforms["linux/amd64"].Shape) != string(image.Platforms["linux/amd64"].Shape) {
		t.Error("what is known is lost")
	}
}

// What cannot be read as layers is no failure, and has no shape, whatever else is in the image.
func TestShapesUnreadable(t *testing.T) {
	store := make(imagetest.Store)
	base := merged(t, store, oci.Gzip)
	foreign := oci.Descriptor{MediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar", Size: 1,
		Digest: digest.FromBytes(nil), URLs: []string{"https://elsewhere.example"}}
	var many []imagetest.File
	for n := range 30_000 {
		many = append(many, imagetest.File{Name: strings.Repeat("x", n/200+1) + "/" + strings.Repeat("y", n%200+1),
			Type: tar.TypeSymlink, Link: "x"})
	}
	for name, test := range map[string]struct {
		layer oci.Descriptor
		want  string
	}{
		"foreign":  {foreign, "it is not in the registry"},
		"garbage":  {store.Add(oci.Gzip.MediaType(), []byte(strings.Repeat("no layer", 1000))), "archive/tar: invalid tar header"},
		"cut":      {store.Add(oci.Gzip.MediaType(), store[base.Digest][:1000]), "gzip: truncated"},
		"too much": {store.Add(oci.Uncompressed.MediaType(), imagetest.Tar(t, many...)), "the limit is 1048576"},
	} {
		image := locked(t, store, stack(t, store, "linux/amd64", base, test.layer), stack(t, store, "linux/arm64", base))
		reasons, err := Shapes(t.Context(), store, image, lockfile.Image{})
		if err != nil || len(reasons) != 1 || !strings.HasPrefix(reasons[0], "linux/amd64: ") ||
			!strings.HasSuffix(reasons[0], test.want) {
			t.Errorf("%s: %q, %v", name, reasons, err)
		}
		if image.Platforms["linux/amd64"].Shape != nil || image.Platforms["linux/arm64"].Shape == nil {
			t.Errorf("%s: shapes of the wrong platforms", name)
		}
	}
}

// wrong is a source that gives bytes for others.
type wrong map[digest.Digest][]byte

// Open implements content.Source.
func (w wrong) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if data, ok := w[d.Digest]; ok {
		return io.NopCloser(strings.NewReader(string(data))), nil
	}
	return nil, content.ErrNotFound
}

// What is not what the manifest promises is a failure, even where it can be read.
func TestShapesVerifies(t *testing.T) {
	for _, compression := range []oci.Compression{oci.Uncompressed, oci.Gzip, oci.Zstd} {
		store := make(imagetest.Store)
		base := merged(t, store, compression)
		image := locked(t, store, stack(t, store, "linux/amd64", base))
		data := store[base.Digest]
		other := imagetest.Pack(t, compression, imagetest.Tar(t, imagetest.File{Name: "lib", Type: tar.TypeSymlink, Link: "x"}))
		changed := slices.Clone(data)
		changed[len(changed)-1] ^= 1
		for _, bytes := range [][]byte{other, changed, data[:len(data)-1], append(slices.Clone(data), 0)} {
			_, err := Shapes(t.Context(), wrong{base.Digest: bytes}, image, lockfile.Image{})
			var mismatch *digest.MismatchError
			if !errors.As(err, &mismatch) || image.Platforms["linux/amd64"].Shape != nil {
				t.Errorf("%s, %d bytes: %v", compression, len(bytes), err)
			}
		}
		if _, err := Shapes(t.Context(), wrong{}, image, lockfile.Image{}); !errors.Is(err, content.ErrNotFound) {
			t.Error(err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := Shapes(stopped, store, image, lockfile.Image{}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
