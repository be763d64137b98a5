package check

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// Cases of JSON documents.
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

// Cases of descriptors, platforms and blobs.
var descriptorCases = []testCase{
	{rule: "descriptor-media-type", name: "long", fault: layerOf("mediaType", "application/"+strings.Repeat("x", 128))},
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

// Cases of manifests, configs and compressed layers.
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
