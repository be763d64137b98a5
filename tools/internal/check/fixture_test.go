package check

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// doc is a JSON document, or a part of one, that a test can change.
type doc = map[string]any

// fault is a way to break the good layout during its construction: each hook changes one piece before the next is made
// from it, so all digests stay correct unless the hook itself breaks one. The hooks for an image apply to the first of
// the two.
type fault struct {
	layer    int // the layer that tar and blob change, from 0: gzip, zstd, uncompressed
	entries  func(list []entry) []entry
	tar      func(data []byte) []byte
	blob     func(data []byte) []byte
	config   func(d doc)
	configJS func(data []byte) []byte
	manifest func(d doc)
	manifJS  func(data []byte) []byte
	index    func(d doc)
	root     func(d doc)
	docker   func(list []doc) any
	files    func(files map[string][]byte)
	archive  func(data []byte) []byte
}

func edit[T any](hook func(T) T, value T) T {
	if hook == nil {
		return value
	}
	return hook(value)
}

func touch(hook func(doc), d doc) doc {
	if hook != nil {
		hook(d)
	}
	return d
}

// entry is one entry of a test layer.
type entry struct {
	name, link, data string
	kind             byte
	xattr            string
}

func dir(name string) entry        { return entry{name: name, kind: tar.TypeDir} }
func file(name, data string) entry { return entry{name: name, data: data, kind: tar.TypeReg} }
func symlink(name, target string) entry {
	return entry{name: name, link: target, kind: tar.TypeSymlink}
}
func hardlink(name, old string) entry { return entry{name: name, link: old, kind: tar.TypeLink} }

// longName needs an extended header.
var longName = "usr/" + strings.Repeat("long", 40) + "/"

// goodLayers are the layers of the first image, as archive/tar writes them: everything that a layer may contain.
func goodLayers() [3][]entry {
	return [3][]entry{
		{
			dir("./"), dir("bin/"), file("bin/sh", "#!"), hardlink("bin/sh2", "bin/sh"), hardlink("bin/sh3", "bin/sh2"),
			dir("dev/"), {name: "dev/null", kind: tar.TypeChar}, {name: "dev/pipe", kind: tar.TypeFifo},
			dir("etc/"), file("etc/back\\slash", ""), file("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
			{name: "etc/xattr", data: "x", kind: tar.TypeReg, xattr: "v"},
			file("etc/\u00fc", strings.Repeat("u", 1024)), dir("usr/"), dir(longName), symlink("usr/sh", "/bin/sh"),
		},
		{dir("etc/"), file("etc/.wh..wh..opq", ""), file("etc/.wh.passwd", ""), file("etc/shadow", "")},
		{file("hello", "Hello world!\n")},
	}
}

// writeTar writes a tar with the standard library.
func writeTar(t testing.TB, list []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range list {
		h := &tar.Header{
			Name: e.name, Linkname: e.link, Typeflag: e.kind, Size: int64(len(e.data)), Mode: 0o755,
			ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		}
		if e.xattr != "" {
			h.PAXRecords = map[string]string{"SCHILY.xattr.user.test": e.xattr}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pack(t testing.TB, c oci.Compression, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	switch c {
	case oci.Uncompressed:
		return data
	case oci.Gzip:
		w := gzip.NewWriter(&b)
		w.Write(data)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	case oci.Zstd:
		return zstdEncoder.EncodeAll(data, []byte{})
	}
	return b.Bytes()
}

var zstdEncoder, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))

// layoutBuilder makes the files of a layout.
type layoutBuilder struct {
	t     testing.TB
	fault fault
	files map[string][]byte
}

// put stores a blob and returns its descriptor.
func (b *layoutBuilder) put(mediaType string, data []byte) doc {
	d := digest.FromBytes(data)
	b.files["blobs/sha256/"+d.Encoded()] = data
	return doc{"mediaType": mediaType, "digest": string(d), "size": len(data)}
}

func (b *layoutBuilder) json(value any) []byte {
	b.t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// image stores an image and returns its descriptor, with a platform, and its entry in manifest.json.
func (b *layoutBuilder) image(f fault, arch string, layers [][]entry, tag string) (descriptor, docker doc) {
	var descriptors, diffIDs, history []any
	var paths []any
	for i, entries := range layers {
		codec := []oci.Compression{oci.Gzip, oci.Zstd, oci.Uncompressed}[i]
		if i == f.layer {
			entries = edit(f.entries, entries)
		}
		data := writeTar(b.t, entries)
		if i == f.layer {
			data = edit(f.tar, data)
		}
		diffIDs = append(diffIDs, string(digest.FromBytes(data)))
		data = pack(b.t, codec, data)
		if i == f.layer {
			data = edit(f.blob, data)
		}
		d := b.put(codec.MediaType(), data)
		descriptors = append(descriptors, d)
		paths = append(paths, "blobs/sha256/"+strings.TrimPrefix(d["digest"].(string), "sha256:"))
		history = append(history, doc{"created_by": "test"})
	}
	config := touch(f.config, doc{
		"created": "1970-01-01T00:00:00Z", "os": "linux", "architecture": arch,
		"config": doc{
			"Env": []any{"PATH=/bin", "EMPTY="}, "Cmd": []any{"/bin/sh"}, "Entrypoint": nil, "StopSignal": "SIGRTMIN+3",
			"ExposedPorts": doc{"80": doc{}, "53/udp": doc{}}, "Volumes": doc{"/data": doc{}}, "Labels": doc{"a": "b"},
		},
		"rootfs":  doc{"type": "layers", "diff_ids": diffIDs},
		"history": append(history, doc{"created": "2024-02-29T12:00:00.5+01:00", "empty_layer": true}),
	})
	cfg := b.put(oci.MediaTypeConfig, edit(f.configJS, b.json(config)))
	manifest := touch(f.manifest, doc{
		"schemaVersion": 2, "mediaType": oci.MediaTypeManifest, "config": cfg, "layers": descriptors,
		"annotations": doc{"org.example.key": "value"},
	})
	descriptor = b.put(oci.MediaTypeManifest, edit(f.manifJS, b.json(manifest)))
	descriptor["platform"] = doc{"os": "linux", "architecture": arch}
	cfgPath := "blobs/sha256/" + strings.TrimPrefix(cfg["digest"].(string), "sha256:")
	return descriptor, doc{"Config": cfgPath, "RepoTags": []any{tag}, "Layers": paths}
}

// build makes the files of a layout that is good except for the fault: an index of two images that share a layer.
func build(t testing.TB, f fault) map[string][]byte {
	t.Helper()
	b := &layoutBuilder{t: t, fault: f, files: make(map[string][]byte)}
	layers := goodLayers()
	first, docker1 := b.image(f, "amd64", layers[:], "localhost:5000/a/b__c:1.0")
	second, docker2 := b.image(fault{}, "arm64", goodLayersOfSecond(), "docker.io/library/x:latest")
	index := touch(f.index, doc{
		"schemaVersion": 2, "mediaType": oci.MediaTypeIndex, "manifests": []any{first, second},
	})
	root := b.put(oci.MediaTypeIndex, b.json(index))
	root["annotations"] = doc{
		"org.opencontainers.image.ref.name": "1.0", "io.containerd.image.name": "localhost:5000/a/b:1.0",
	}
	b.files["index.json"] = b.json(touch(f.root, doc{
		"schemaVersion": 2, "mediaType": oci.MediaTypeIndex, "manifests": []any{root},
	}))
	b.files["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
	if f.docker != nil {
		b.files["manifest.json"] = b.json(f.docker([]doc{docker1, docker2}))
	}
	if f.files != nil {
		f.files(b.files)
	}
	return b.files
}

func goodLayersOfSecond() [][]entry {
	return [][]entry{goodLayers()[0], {file("arm", "")}}
}

// rootOf returns the descriptor of the only image or index in a layout.
func rootOf(t testing.TB, files map[string][]byte) oci.Descriptor {
	t.Helper()
	var index oci.Index
	if err := json.Unmarshal(files["index.json"], &index); err != nil || len(index.Manifests) == 0 {
		t.Fatalf("index.json: %d manifests, %v", len(index.Manifests), err)
	}
	return index.Manifests[0]
}

// memory is a source of the blobs of a layout.
func memory(files map[string][]byte) content.Source {
	s := store{}
	for name, data := range files {
		s[name] = openBytes(data)
	}
	return s
}

// writeLayout writes the files as a directory.
func writeLayout(t testing.TB, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// writeArchive writes the files as a tar.
func writeArchive(t testing.TB, files map[string][]byte, change func([]byte) []byte) string {
	t.Helper()
	list := []entry{dir("blobs/"), dir("blobs/sha256/")}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		list = append(list, file(name, string(files[name])))
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(path, edit(change, writeTar(t, list)), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}
