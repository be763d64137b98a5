package check

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// testCase breaks the good layout in one way and names the rule that must report it.
type testCase struct {
	rule, name string
	fault      fault
	options    Options
	door       door
}

// door is the public function that a case calls.
type door int

const (
	throughLayout door = iota
	throughArchive
	throughUnreadable // Image, with a source that fails in the middle of the first layer
)

// Shorthands for faults.

func config(change func(d doc)) fault   { return fault{config: change} }
func manifest(change func(d doc)) fault { return fault{manifest: change} }
func index(change func(d doc)) fault    { return fault{index: change} }

func run(key string, value any) fault {
	return config(func(d doc) { d["config"].(doc)[key] = value })
}

// layerOf changes the descriptor of the second layer, which the other image does not have.
func layerOf(key string, value any) fault {
	return manifest(func(d doc) { d["layers"].([]any)[1].(doc)[key] = value })
}

// child changes the descriptor of the first image.
func child(change func(d doc)) fault {
	return index(func(d doc) { change(d["manifests"].([]any)[0].(doc)) })
}

func appendTo(data string) func([]byte) []byte {
	return func(old []byte) []byte { return append(slices.Clip(old), data...) }
}

func replace(old, new string) func([]byte) []byte {
	return func(data []byte) []byte {
		if !bytes.Contains(data, []byte(old)) {
			panic("nothing to replace: " + old)
		}
		return bytes.Replace(data, []byte(old), []byte(new), 1)
	}
}

func holding(list ...entry) fault {
	return fault{entries: func([]entry) []entry { return list }}
}

// block changes the header block of an entry and updates its checksum.
func block(name string, change func(b []byte)) func([]byte) []byte {
	return func(data []byte) []byte {
		for at := 0; at+512 <= len(data); at += 512 {
			b := data[at : at+512]
			if got, _, _ := bytes.Cut(b[:100], []byte{0}); string(got) == name && string(b[257:262]) == "ustar" {
				change(b)
				resum(b)
				return data
			}
		}
		panic("no entry " + name)
	}
}

// resum sets the checksum of a header block.
func resum(b []byte) {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

func put(at int, text string) func(b []byte) { return func(b []byte) { copy(b[at:], text) } }

// extended returns an extended header of the type with the content, a file with the name after it, and the end.
func extended(kind byte, records string, name string) func([]byte) []byte {
	return func([]byte) []byte {
		return slices.Concat(header("meta", kind, len(records)), padded(records), header(name, '0', 0), make([]byte, 1024))
	}
}

func header(name string, kind byte, size int) []byte {
	b := make([]byte, 512)
	copy(b, name)
	copy(b[100:], "0000644\x000000000\x000000000\x00")
	copy(b[124:], fmt.Sprintf("%011o\x0000000000000\x00", size))
	b[156] = kind
	copy(b[257:], "ustar\x0000")
	resum(b)
	return b
}

func padded(data string) []byte {
	return append([]byte(data), make([]byte, -len(data)&511)...)
}

// record returns a record of an extended header.
func record(key, value string) string {
	n := len(key) + len(value) + 3
	for n != len(fmt.Sprintf("%d %s=%s\n", n, key, value)) {
		n = len(fmt.Sprintf("%d %s=%s\n", n, key, value))
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

func layoutFiles(change func(files map[string][]byte)) fault { return fault{files: change} }

// dropLayer removes the blob of the first image's plain layer.
func dropLayer(files map[string][]byte) {
	for name, data := range files {
		if bytes.Contains(data, []byte("Hello world!")) {
			delete(files, name)
		}
	}
}

func dockerImage(key string, value any) fault {
	return fault{docker: func(list []doc) any {
		list[0][key] = value
		return list
	}}
}

func goodDocker(list []doc) any { return list }

// nest puts the index of images into n indexes, each inside the next.
func nest(n int) fault {
	return fault{files: func(files map[string][]byte) {
		for range n {
			data := files["index.json"]
			d := digest.FromBytes(data)
			files["blobs/sha256/"+d.Encoded()] = data
			files["index.json"] = fmt.Appendf(nil,
				`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
				oci.MediaTypeIndex, oci.MediaTypeIndex, d, len(data))
		}
	}}
}

var zeroDigest = "sha256:" + strings.Repeat("0", 64)

// kindOfEntry returns an entry of a type that archive/tar writes unchanged.
func kindOfEntry(name string, kind byte) func([]byte) []byte {
	return func([]byte) []byte { return append(header(name, kind, 0), make([]byte, 1024)...) }
}

var jsonCases = []testCase{
	{rule: "json-syntax", name: "cut", fault: fault{configJS: func(data []byte) []byte { return data[:len(data)-1] }}},
	{rule: "json-syntax", name: "index.json is empty",
		fault: layoutFiles(func(f map[string][]byte) { f["index.json"] = nil })},
	{rule: "json-trailing", name: "second value", fault: fault{manifJS: appendTo("{}")}},
	{rule: "json-utf8", name: "byte", fault: fault{configJS: replace("amd64", "amd\xff")}},
	{rule: "json-utf8", name: "surrogate", fault: fault{manifJS: replace(`"value"`, `"\ud800"`)}},
	{rule: "json-duplicate-key", name: "layers", fault: fault{manifJS: replace("{", `{"layers":[],`)}},
	{rule: "json-key-case", name: "Layers beside layers", fault: fault{manifJS: replace("}]", `}],"Layers":[]`)}},
	{rule: "json-key-case", name: "long s for layers", fault: fault{manifJS: replace(`"layers"`, `"layer\u017f"`)}},
	{rule: "json-key-case", name: "CONFIG", fault: manifest(func(d doc) { d["CONFIG"] = d["config"] })},
	{rule: "json-key-case", name: "Digest of a layer", fault: layerOf("Digest", zeroDigest)},
	{rule: "json-key-case", name: "platform", fault: child(func(d doc) { d["platform"].(doc)["OS"] = "plan9" })},
	{rule: "json-key-case", name: "Manifests of an index", fault: index(func(d doc) { d["Manifests"] = []any{} })},
	{rule: "json-key-case", name: "index.json", fault: fault{root: func(d doc) { d["mediatype"] = "a/b" }}},
	{rule: "json-key-case", name: "config", fault: config(func(d doc) { d["OS"] = "windows" })},
	{rule: "json-key-case", name: "run", fault: run("user", "root")},
	{rule: "json-key-case", name: "health check", fault: run("Healthcheck", doc{"test": []any{"NONE"}})},
	{rule: "json-key-case", name: "Kelvin for healthcheck", fault: run("Healthchec\u212a", doc{})},
	{rule: "json-key-case", name: "rootfs", fault: config(func(d doc) { d["rootfs"].(doc)["diff_IDs"] = []any{} })},
	{rule: "json-key-case", name: "history",
		fault: config(func(d doc) { d["history"].([]any)[0].(doc)["Empty_Layer"] = true })},
	{rule: "json-key-case", name: "unknown keys", fault: config(func(d doc) { d["note"], d["Note"] = 1, 2 })},
	{rule: "json-key-case", name: "oci-layout", fault: layoutFiles(func(f map[string][]byte) {
		f["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0","ImageLayoutVersion":"2.0.0"}`)
	})},
	{rule: "json-key-case", name: "manifest.json", door: throughArchive, fault: dockerImage("layers", []any{})},
	{rule: "document-ambiguous", name: "manifests beside layers", fault: manifest(func(d doc) { d["manifests"] = []any{} })},
	{rule: "document-ambiguous", name: "schema 1 beside layers", fault: manifest(func(d doc) {
		d["FSLayers"], d["history"], d["signatures"] = []any{}, []any{}, []any{}
	})},
	{rule: "document-ambiguous", name: "layers in an index", fault: index(func(d doc) { d["layers"] = []any{} })},
	{rule: "document-ambiguous", name: "layers and manifests in a config",
		fault: config(func(d doc) { d["layers"], d["manifests"] = []any{}, []any{} })},
	{rule: "document-ambiguous", name: "config in index.json", fault: fault{root: func(d doc) { d["config"] = doc{} }}},
	{rule: "json-type", name: "config is an array", fault: fault{configJS: func([]byte) []byte { return []byte("[1]") }}},
	{rule: "json-type", name: "layers is an object", fault: manifest(func(d doc) { d["layers"] = doc{} })},
	{rule: "json-type", name: "layer is a string", fault: manifest(func(d doc) { d["layers"] = []any{"x"} })},
	{rule: "json-type", name: "annotation is a number", fault: manifest(func(d doc) { d["annotations"] = doc{"a": 1} })},
	{rule: "json-type", name: "label is true", fault: run("Labels", doc{"a": true})},
	{rule: "json-type", name: "Cmd is a string", fault: run("Cmd", "/bin/sh")},
	{rule: "json-type", name: "Env of numbers", fault: run("Env", []any{"A=1", 2})},
	{rule: "json-type", name: "empty_layer is a string",
		fault: config(func(d doc) { d["history"].([]any)[3].(doc)["empty_layer"] = "yes" })},
	{rule: "json-null", name: "manifests", fault: fault{root: func(d doc) { d["manifests"] = nil }}},
	{rule: "json-null", name: "layers", fault: manifest(func(d doc) { d["layers"] = nil })},
	{rule: "json-null", name: "annotations", fault: index(func(d doc) { d["annotations"] = nil })},

	{rule: "document-limit", name: "index.json", fault: fault{root: func(d doc) { d["x"] = strings.Repeat("x", 9<<20) }}},
	{rule: "document-limit", name: "manifest", fault: manifest(func(d doc) { d["x"] = strings.Repeat("x", 9<<20) })},
	{rule: "document-required", name: "os", fault: config(func(d doc) { delete(d, "os") })},
	{rule: "document-required", name: "architecture is empty", fault: config(func(d doc) { d["architecture"] = "" })},
	{rule: "document-required", name: "rootfs", fault: config(func(d doc) { delete(d, "rootfs") })},
	{rule: "document-required", name: "diff_ids are null",
		fault: config(func(d doc) { d["rootfs"].(doc)["diff_ids"] = nil })},
	{rule: "document-required", name: "config", fault: manifest(func(d doc) { delete(d, "config") })},
	{rule: "document-required", name: "manifests", fault: index(func(d doc) { delete(d, "manifests") })},
	{rule: "document-required", name: "digest", fault: layerOf("digest", "")},
	{rule: "document-schema-version", name: "1", fault: manifest(func(d doc) { d["schemaVersion"] = 1 })},
	{rule: "document-schema-version", name: "missing", fault: index(func(d doc) { delete(d, "schemaVersion") })},
	{rule: "document-schema-version", name: "string", fault: fault{root: func(d doc) { d["schemaVersion"] = "2.0" }}},
	{rule: "document-media-type", name: "missing", fault: manifest(func(d doc) { delete(d, "mediaType") })},
	{rule: "document-media-type", name: "of an index",
		fault: manifest(func(d doc) { d["mediaType"] = oci.MediaTypeIndex })},
	{rule: "document-media-type", name: "index.json", fault: fault{root: func(d doc) { delete(d, "mediaType") }}},
}

var descriptorCases = []testCase{
	{rule: "descriptor-media-type", name: "blank", fault: layerOf("mediaType", "application/x y")},
	{rule: "descriptor-digest", name: "upper case", fault: layerOf("digest", "sha256:"+strings.Repeat("A", 64))},
	{rule: "descriptor-digest", name: "short", fault: layerOf("digest", "sha256:00")},
	{rule: "descriptor-digest", name: "path", fault: layerOf("digest", "sha256:../../../../etc/passwd")},
	{rule: "descriptor-digest", name: "sha512", fault: layerOf("digest", "sha512:"+strings.Repeat("0", 128))},
	{rule: "descriptor-size", name: "negative", fault: layerOf("size", -1)},
	{rule: "descriptor-size", name: "fraction", fault: layerOf("size", 1.5)},
	{rule: "descriptor-size", name: "beyond 63 bits", fault: layerOf("size", 1e30)},
	{rule: "descriptor-annotations", name: "empty key", fault: manifest(func(d doc) { d["annotations"] = doc{"": "x"} })},
	{rule: "descriptor-annotations", name: "empty key of a child",
		fault: child(func(d doc) { d["annotations"] = doc{"": "x"} })},
	{rule: "descriptor-data", name: "not base64", fault: layerOf("data", "?")},
	{rule: "descriptor-data", name: "other content", fault: layerOf("data", "eA==")},
	{rule: "descriptor-conflict", name: "size", fault: manifest(func(d doc) {
		list := d["layers"].([]any)
		d["layers"] = append(list, doc{"mediaType": oci.MediaTypeLayerGzip, "digest": list[0].(doc)["digest"], "size": 1})
	})},
	{rule: "descriptor-conflict", name: "media type", fault: manifest(func(d doc) {
		d["layers"].([]any)[0].(doc)["mediaType"] = oci.MediaTypeLayerZstd
	})},

	{rule: "platform-form", name: "upper case", fault: child(func(d doc) { d["platform"].(doc)["os"] = "Linux" })},
	{rule: "platform-form", name: "config", fault: config(func(d doc) { d["variant"] = "v 8" })},
	{rule: "platform-form", name: "feature twice", fault: config(func(d doc) { d["os.features"] = []any{"a", "b", "a"} })},
	{rule: "platform-missing", name: "missing", fault: child(func(d doc) { delete(d, "platform") })},
	{rule: "platform-duplicate", name: "two of one", fault: index(func(d doc) {
		list := d["manifests"].([]any)
		d["manifests"] = append(list, list[0])
	})},
	{rule: "platform-mismatch", name: "architecture", fault: config(func(d doc) { d["architecture"] = "riscv64" })},
	{rule: "platform-mismatch", name: "variant", fault: child(func(d doc) { d["platform"].(doc)["variant"] = "v3" })},
	{rule: "platform-mismatch", name: "features",
		fault: child(func(d doc) { d["platform"].(doc)["os.features"] = []any{"x"} })},
	{rule: "platform-mismatch", name: "version", fault: child(func(d doc) { d["platform"].(doc)["os.version"] = "10" })},

	{rule: "blob-missing", name: "layer", fault: layoutFiles(dropLayer)},
	{rule: "blob-missing", name: "urls do not excuse", fault: fault{
		manifest: func(d doc) { d["layers"].([]any)[2].(doc)["urls"] = []any{"https://example.org/"} }, files: dropLayer}},
	{rule: "blob-read", name: "fails in the middle", door: throughUnreadable},
	{rule: "blob-size", name: "too small", fault: layerOf("size", 50)},
	{rule: "blob-size", name: "too large", fault: layerOf("size", 1<<20)},
	{rule: "blob-size", name: "largest number", fault: layerOf("size", int64(1<<63-1))},
	{rule: "blob-digest", name: "manifest", fault: layoutFiles(func(f map[string][]byte) {
		for name, data := range f {
			if bytes.Contains(data, []byte(`"org.example.key"`)) && bytes.Contains(data, []byte(`layer.v1.tar"`)) {
				f[name] = replace(`"value"`, `"fault"`)(data)
			}
		}
	})},
	{rule: "blob-digest", name: "layer", fault: layoutFiles(func(f map[string][]byte) {
		for name, data := range f {
			if bytes.Contains(data, []byte("Hello world!")) {
				f[name] = replace("Hello", "Jello")(data)
			}
		}
	})},
}

var imageCases = []testCase{
	{rule: "index-child", name: "config", fault: index(func(d doc) {
		config := doc{"mediaType": oci.MediaTypeConfig, "digest": zeroDigest, "size": 1}
		d["manifests"] = append(d["manifests"].([]any), config)
	})},
	{rule: "index-depth", name: "nine", fault: nest(8)},
	{rule: "mixed-media-types", name: "layer", fault: layerOf("mediaType", oci.DockerMediaTypeLayerGzip)},
	{rule: "mixed-media-types", name: "config", fault: manifest(func(d doc) {
		d["config"].(doc)["mediaType"] = oci.DockerMediaTypeConfig
	})},
	{rule: "mixed-media-types", name: "manifest",
		fault: child(func(d doc) { d["mediaType"] = oci.DockerMediaTypeManifest })},
	{rule: "manifest-config-type", name: "empty", fault: manifest(func(d doc) {
		d["config"].(doc)["mediaType"] = "application/vnd.oci.empty.v1+json"
	})},
	{rule: "manifest-layer-type", name: "text", fault: layerOf("mediaType", "text/plain")},
	{rule: "manifest-layer-count", name: "128", fault: fault{
		manifest: func(d doc) { d["layers"] = slices.Repeat(d["layers"].([]any)[:1], 128) },
		config: func(d doc) {
			d["rootfs"].(doc)["diff_ids"] = slices.Repeat(d["rootfs"].(doc)["diff_ids"].([]any)[:1], 128)
			delete(d, "history")
		},
	}},

	{rule: "config-created", name: "blank for T", fault: config(func(d doc) { d["created"] = "2024-01-01 00:00:00Z" })},
	{rule: "config-created", name: "comma", fault: config(func(d doc) { d["created"] = "2024-01-01T00:00:00,5Z" })},
	{rule: "config-created", name: "February 30", fault: config(func(d doc) { d["created"] = "2024-02-30T00:00:00Z" })},
	{rule: "config-created", name: "history",
		fault: config(func(d doc) { d["history"].([]any)[0].(doc)["created"] = "now" })},
	{rule: "config-env", name: "no =", fault: run("Env", []any{"PATH"})},
	{rule: "config-env", name: "no name", fault: run("Env", []any{"=x"})},
	{rule: "config-env", name: "twice", fault: run("Env", []any{"A=1", "A=2"})},
	{rule: "config-ports", name: "zero", fault: run("ExposedPorts", doc{"0": doc{}})},
	{rule: "config-ports", name: "too large", fault: run("ExposedPorts", doc{"65536/tcp": doc{}})},
	{rule: "config-ports", name: "protocol", fault: run("ExposedPorts", doc{"80/http": doc{}})},
	{rule: "config-ports", name: "value", fault: run("ExposedPorts", doc{"80": doc{"HostPort": "80"}})},
	{rule: "config-volumes", name: "relative", fault: run("Volumes", doc{"data": doc{}})},
	{rule: "config-volumes", name: "value", fault: run("Volumes", doc{"/data": nil})},
	{rule: "config-stop-signal", name: "no SIG", fault: run("StopSignal", "TERM")},
	{rule: "config-rootfs-type", name: "other", fault: config(func(d doc) { d["rootfs"].(doc)["type"] = "layer" })},
	{rule: "config-diff-ids", name: "no algorithm", fault: config(func(d doc) {
		d["rootfs"].(doc)["diff_ids"].([]any)[1] = strings.Repeat("0", 64)
	})},
	{rule: "config-layer-count", name: "one less", fault: config(func(d doc) {
		d["rootfs"].(doc)["diff_ids"] = d["rootfs"].(doc)["diff_ids"].([]any)[:2]
	})},
	{rule: "config-history", name: "one less", fault: config(func(d doc) { d["history"] = d["history"].([]any)[1:] })},
	{rule: "config-history", name: "one more",
		fault: config(func(d doc) { d["history"].([]any)[3].(doc)["empty_layer"] = false })},

	{rule: "layer-codec", name: "zstd called gzip", fault: layerOf("mediaType", oci.MediaTypeLayerGzip)},
	{rule: "layer-codec", name: "tar called gzip", fault: manifest(func(d doc) {
		d["layers"].([]any)[2].(doc)["mediaType"] = oci.MediaTypeLayerGzip
	})},
	{rule: "layer-stream", name: "gzip cut", fault: fault{blob: func(data []byte) []byte { return data[:len(data)-4] }}},
	{rule: "layer-stream", name: "gzip checksum", fault: fault{blob: flip(-6)}},
	{rule: "layer-stream", name: "gzip header cut", fault: fault{blob: func(data []byte) []byte { return data[:6] }}},
	{rule: "layer-stream", name: "zstd cut",
		fault: fault{layer: 1, blob: func(data []byte) []byte { return data[:len(data)-4] }}},
	{rule: "layer-stream", name: "zstd checksum", fault: fault{layer: 1, blob: flip(-1)}},
	{rule: "layer-stream", name: "second gzip member cut", fault: fault{blob: appendTo("\x1f\x8b\x08")}},
	{rule: "layer-trailing", name: "gzip", fault: fault{blob: appendTo("\x00")}},
	{rule: "layer-trailing", name: "zstd", fault: fault{layer: 1, blob: appendTo("trailing")}},
	{rule: "layer-stream", name: "zstd and one byte", fault: fault{layer: 1, blob: appendTo("x")}},
	{rule: "layer-limit", name: "8 KiB", options: Options{MaxUncompressed: 8 << 10}},
	{rule: "layer-diff-id", name: "other", fault: config(func(d doc) {
		d["rootfs"].(doc)["diff_ids"].([]any)[1] = zeroDigest
	})},
}

// flip changes a byte, counted from the end.
func flip(at int) func([]byte) []byte {
	return func(data []byte) []byte {
		data[len(data)+at] ^= 1
		return data
	}
}

var tarCases = []testCase{
	{rule: "tar-truncated", name: "in a header", fault: fault{tar: func(d []byte) []byte { return d[:700] }}},
	{rule: "tar-truncated", name: "in a content", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:517] }}},
	{rule: "tar-truncated", name: "in a padding", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:600] }}},
	{rule: "tar-checksum", name: "wrong", fault: fault{tar: func(d []byte) []byte { d[0] = 'x'; return d }}},
	{rule: "tar-checksum", name: "not a tar",
		fault: fault{tar: func([]byte) []byte { return []byte(strings.Repeat("x", 2048)) }}},
	{rule: "tar-size", name: "no number", fault: fault{layer: 2, tar: block("hello", put(124, "0000000001x"))}},
	{rule: "tar-size", name: "negative",
		fault: fault{layer: 2, tar: block("hello", put(124, strings.Repeat("\xff", 12)))}},
	{rule: "tar-size", name: "beyond 63 bits",
		fault: fault{layer: 2, tar: block("hello", put(124, "\x80"+strings.Repeat("\xff", 11)))}},
	{rule: "tar-size", name: "of a directory", fault: fault{tar: block("bin/", put(124, "00000000010"))}},
	{rule: "tar-pax", name: "no length", fault: fault{tar: extended('x', "x path=a\n", "f")}},
	{rule: "tar-pax", name: "length too large", fault: fault{tar: extended('x', "99 path=a\n", "f")}},
	{rule: "tar-pax", name: "length too small", fault: fault{tar: extended('x', "3 path=a\n", "f")}},
	{rule: "tar-pax", name: "no key", fault: fault{tar: extended('x', "8 =abcd\n", "f")}},
	{rule: "tar-pax", name: "negative size", fault: fault{tar: extended('x', record("size", "-1"), "f")}},
	{rule: "tar-pax", name: "time", fault: fault{tar: extended('x', record("mtime", "1.x"), "f")}},
	{rule: "tar-pax", name: "NUL in a path", fault: fault{tar: extended('x', record("path", "a\x00b"), "f")}},
	{rule: "tar-pax", name: "no entry", fault: fault{tar: func([]byte) []byte {
		return slices.Concat(header("meta", 'x', 0), make([]byte, 1024))
	}}},
	{rule: "tar-pax", name: "global path", fault: fault{tar: extended('g', record("path", "a"), "f")}},
	{rule: "tar-limit", name: "extended header",
		fault: fault{tar: extended('x', record("comment", strings.Repeat("x", 1<<20)), "f")}},
	{rule: "tar-sparse", name: "GNU", fault: fault{tar: kindOfEntry("f", 'S')}},
	{rule: "tar-end", name: "no zero block", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:1024] }}},
	{rule: "tar-end", name: "one zero block", fault: fault{layer: 2, tar: func(d []byte) []byte { return d[:1536] }}},
	{rule: "tar-end", name: "data after one zero block", fault: fault{layer: 2, tar: func(d []byte) []byte {
		return slices.Concat(d[:1536], d)
	}}},
	{rule: "tar-end", name: "data after the end", fault: fault{tar: appendTo(strings.Repeat("x", 512))}},
	{rule: "tar-end", name: "half a block", fault: fault{tar: appendTo(strings.Repeat("\x00", 100))}},
	{rule: "tar-format", name: "GNU", fault: fault{layer: 2, tar: block("hello", put(257, "ustar  \x00"))}},
	{rule: "tar-format", name: "V7", fault: fault{layer: 2, tar: block("hello", put(257, strings.Repeat("\x00", 8)))}},
	{rule: "tar-format", name: "other version", fault: fault{layer: 2, tar: block("hello", put(263, "01"))}},
	{rule: "tar-format", name: "GNU long name", fault: fault{tar: extended('L', strings.Repeat("n", 120)+"\x00", "nn")}},
	{rule: "tar-format", name: "GNU long link", fault: fault{tar: extended('K', strings.Repeat("n", 120)+"\x00", "nn")}},
	{rule: "tar-number", name: "mode", fault: fault{layer: 2, tar: block("hello", put(100, "0000948"))}},
	{rule: "tar-number", name: "base 256",
		fault: fault{layer: 2, tar: block("hello", put(108, "\x80\x00\x00\x00\x00\x00\x00\x01"))}},
	{rule: "tar-number", name: "base 256 size", fault: fault{layer: 2, tar: block("hello",
		put(124, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d"))}},
	{rule: "tar-number", name: "negative owner",
		fault: fault{layer: 2, tar: block("hello", put(108, strings.Repeat("\xff", 8)))}},
	{rule: "tar-pax-form", name: "needless", fault: fault{tar: extended('x', record("path", "f"), "f")}},
	{rule: "tar-pax-form", name: "needless number",
		fault: fault{tar: extended('x', record("uid", "7")+record("uname", "u"), "f")}},
	{rule: "tar-pax-form", name: "needless time", fault: fault{tar: extended('x', record("mtime", "7"), "f")}},
	{rule: "tar-pax-form", name: "not sorted",
		fault: fault{tar: extended('x', record("uid", "9999999")+record("gid", "9999999"), "f")}},
	{rule: "tar-pax-form", name: "twice",
		fault: fault{tar: extended('x', strings.Repeat(record("uid", "9999999"), 2), "f")}},
	{rule: "tar-pax-form", name: "no id", fault: fault{tar: extended('x', record("uid", "root"), "f")}},
	{rule: "tar-pax-form", name: "unknown", fault: fault{tar: extended('x', record("ctime", "0"), "f")}},
	{rule: "tar-pax-form", name: "not UTF-8", fault: fault{tar: extended('x', record("linkpath", "\xff"), "f")}},
	{rule: "tar-pax-form", name: "global", fault: fault{tar: extended('g', record("comment", "x"), "f")}},
	{rule: "tar-pax-form", name: "two extended headers", fault: fault{tar: func([]byte) []byte {
		return slices.Concat(header("meta", 'x', 0), extended('x', record("uid", "9999999"), "f")(nil))
	}}},
	{rule: "tar-padding", name: "after a content",
		fault: fault{layer: 2, tar: func(d []byte) []byte { d[1000] = 1; return d }}},
	{rule: "tar-padding", name: "after a name", fault: fault{layer: 2, tar: block("hello", put(50, "x"))}},
	{rule: "tar-padding", name: "after the header", fault: fault{layer: 2, tar: block("hello", put(510, "x"))}},
}

var entryCases = []testCase{
	{rule: "entry-type", name: "contiguous", fault: fault{tar: kindOfEntry("f", '7')}},
	{rule: "entry-type", name: "old regular", fault: fault{tar: kindOfEntry("f", 0)}},
	{rule: "entry-type", name: "unknown", fault: fault{tar: kindOfEntry("f", 'Z')}},
	{rule: "entry-type", name: "symlink in an archive", door: throughArchive,
		fault: fault{archive: block("oci-layout", put(156, "2"))}},
	{rule: "entry-name", name: "empty", fault: fault{tar: kindOfEntry("", '0')}},
	{rule: "entry-name", name: "absolute", fault: fault{tar: kindOfEntry("/f", '0')}},
	{rule: "entry-name", name: "root", fault: fault{tar: kindOfEntry("/", '5')}},
	{rule: "entry-name", name: "dot", fault: fault{tar: kindOfEntry("./f", '0')}},
	{rule: "entry-name", name: "dot dot", fault: fault{tar: kindOfEntry("a/../../f", '0')}},
	{rule: "entry-name", name: "empty part", fault: fault{tar: kindOfEntry("a//b", '0')}},
	{rule: "entry-name", name: "directory without slash", fault: fault{tar: kindOfEntry("d", '5')}},
	{rule: "entry-name", name: "file with slash", fault: fault{tar: kindOfEntry("f/", '0')}},
	{rule: "entry-name", name: "two slashes", fault: fault{tar: kindOfEntry("d//", '5')}},
	{rule: "entry-name", name: "not UTF-8", fault: fault{tar: kindOfEntry("\xff\n", '0')}},
	{rule: "entry-name", name: "long part", fault: holding(file(strings.Repeat("x", 256), ""))},
	{rule: "entry-name", name: "long", fault: holding(file(strings.Repeat("xx/", 1400)+"x", ""))},
	{rule: "entry-name", name: "archive", door: throughArchive,
		fault: fault{archive: block("oci-layout", put(0, "../a\x00\x00\x00\x00\x00\x00"))}},
	{rule: "entry-duplicate", name: "file", fault: holding(file("a", ""), file("a", ""))},
	{rule: "entry-duplicate", name: "file and directory", fault: holding(file("a", ""), dir("a/"))},
	{rule: "entry-duplicate", name: "archive", door: throughArchive, fault: fault{archive: func(d []byte) []byte {
		return slices.Concat(header("oci-layout", '0', 0), d)
	}}},
	{rule: "entry-order", name: "files", fault: holding(file("b", ""), file("a", ""), file("c", ""))},
	{rule: "entry-order", name: "by parts", fault: holding(dir("a/"), file("a/b", ""), file("a-b", ""))},
	{rule: "entry-parent", name: "missing", fault: holding(dir("a/"), file("a/b/c", ""))},
	{rule: "entry-parent", name: "later", fault: holding(file("a/b", ""), dir("a/"))},
	{rule: "entry-beneath", name: "file", fault: holding(file("a", ""), file("a/b", ""))},
	{rule: "entry-beneath", name: "symlink", fault: holding(symlink("a", "/etc"), file("a/passwd", ""))},
	{rule: "entry-link", name: "hard link to nothing", fault: holding(hardlink("a", "b"))},
	{rule: "entry-link", name: "hard link to later", fault: holding(hardlink("a", "b"), file("b", ""))},
	{rule: "entry-link", name: "hard link to a directory", fault: holding(dir("a/"), hardlink("b", "a"))},
	{rule: "entry-link", name: "symlink to nothing", fault: fault{tar: kindOfEntry("f", '2')}},
	{rule: "entry-link", name: "file with a target", fault: fault{layer: 2, tar: block("hello", put(157, "x"))}},
	{rule: "entry-mode", name: "type bits", fault: fault{layer: 2, tar: block("hello", put(100, "0100644"))}},
	{rule: "entry-mtime", name: "far", fault: fault{tar: extended('x', record("mtime", "999999999999"), "f")}},
	{rule: "entry-mtime", name: "long ago", fault: fault{tar: extended('x', record("mtime", "-99999999999.5"), "f")}},
	{rule: "entry-whiteout", name: "not empty", fault: holding(file(".wh.a", "x"))},
	{rule: "entry-whiteout", name: "directory", fault: holding(dir(".wh.a/"))},
	{rule: "entry-whiteout", name: "no name", fault: holding(file(".wh.", ""))},
	{rule: "entry-whiteout", name: "dot dot", fault: holding(file(".wh...", ""))},
	{rule: "entry-whiteout", name: "reserved", fault: holding(file(".wh..wh.plnk", ""))},
	{rule: "entry-whiteout-conflict", name: "file", fault: holding(file(".wh.a", ""), file("a", ""))},
	{rule: "entry-whiteout-conflict", name: "whiteout later",
		fault: holding(dir("-/"), file("-a", ""), file(".wh.-a", ""))},
	{rule: "report-limit", name: "1001 modes", fault: fault{tar: func([]byte) []byte {
		var data []byte
		for i := range maxAlike + 3 {
			h := header(fmt.Sprintf("%04d", i), tar.TypeReg, 0)
			copy(h[100:], "0100644")
			resum(h)
			data = append(data, h...)
		}
		return append(data, make([]byte, 1024)...)
	}}},
}

var layoutCases = []testCase{
	{rule: "layout-missing", name: "oci-layout",
		fault: layoutFiles(func(f map[string][]byte) { delete(f, "oci-layout") })},
	{rule: "layout-missing", name: "index.json", fault: layoutFiles(func(f map[string][]byte) {
		for name := range f {
			if name != "oci-layout" {
				delete(f, name)
			}
		}
	})},
	{rule: "layout-version", name: "2", fault: layoutFiles(func(f map[string][]byte) {
		f["oci-layout"] = []byte(`{"imageLayoutVersion":"2.0.0"}`)
	})},
	{rule: "layout-name", name: "file", fault: layoutFiles(func(f map[string][]byte) { f["README"] = nil })},
	{rule: "layout-name", name: "algorithm", fault: layoutFiles(func(f map[string][]byte) { f["blobs/md5/0"] = nil })},
	{rule: "layout-name", name: "blob", fault: layoutFiles(func(f map[string][]byte) { f["blobs/sha256/0"] = nil })},
	{rule: "layout-name", name: "archive", door: throughArchive,
		fault: layoutFiles(func(f map[string][]byte) { f["repositories"] = nil })},
	{rule: "layout-orphan", name: "blob", fault: layoutFiles(func(f map[string][]byte) {
		f["blobs/sha256/"+digest.FromBytes(nil).Encoded()] = nil
	})},
	{rule: "layout-orphan", name: "archive", door: throughArchive, fault: layoutFiles(func(f map[string][]byte) {
		f["blobs/sha256/"+digest.FromBytes(nil).Encoded()] = nil
	})},
	{rule: "layout-ref-name", name: "blank", fault: fault{root: rootName("org.opencontainers.image.ref.name", "a b")}},
	{rule: "layout-ref-name", name: "no tag", fault: fault{root: rootName("io.containerd.image.name", "localhost/a")}},

	{rule: "docker-repo-tag", name: "no tag", door: throughArchive, fault: dockerImage("RepoTags", []any{"localhost/a"})},
	{rule: "docker-repo-tag", name: "upper case", door: throughArchive,
		fault: dockerImage("RepoTags", []any{"localhost/A:1"})},
	{rule: "docker-repo-tag", name: "twice", door: throughArchive, fault: dockerImage("RepoTags", []any{"a:1", "a:1"})},
	{rule: "docker-path", name: "config", door: throughArchive, fault: dockerImage("Config", "x.json")},
	{rule: "docker-path", name: "layer", door: throughArchive, fault: dockerImage("Layers", []any{"x/layer.tar"})},
	{rule: "docker-agreement", name: "layers of the other", door: throughArchive,
		fault: fault{docker: func(list []doc) any {
			list[0]["Layers"] = list[1]["Layers"]
			return list
		}}},
	{rule: "json-null", name: "Layers", door: throughArchive, fault: dockerImage("Layers", nil)},
	{rule: "json-type", name: "manifest.json", door: throughArchive,
		fault: fault{docker: func(list []doc) any { return list[0] }}},
	{rule: "json-syntax", name: "manifest.json", door: throughArchive,
		fault: fault{docker: goodDocker, files: func(f map[string][]byte) {
			f["manifest.json"] = nil
		}}},
	{rule: "tar-checksum", name: "archive is gzip", door: throughArchive, fault: fault{archive: func(d []byte) []byte {
		return append([]byte{0x1f, 0x8b, 8, 0}, d...)
	}}},
	{rule: "tar-end", name: "archive", door: throughArchive,
		fault: fault{archive: func(d []byte) []byte { return d[:len(d)-512] }}},
}

func rootName(key, value string) func(d doc) {
	return func(d doc) { d["manifests"].([]any)[0].(doc)["annotations"].(doc)[key] = value }
}

var cases = slices.Concat(jsonCases, descriptorCases, imageCases, tarCases, entryCases, layoutCases)
