package check

import (
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Cases of layouts and archives.
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
