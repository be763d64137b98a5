package check

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// artifact turns the first image into an artifact with the same files, and changes its manifest.
func artifact(change func(d doc)) fault {
	return fault{
		configJS: func([]byte) []byte { return []byte("{}") },
		manifest: func(d doc) {
			d["artifactType"] = "application/vnd.example"
			d["config"].(doc)["mediaType"] = oci.MediaTypeEmpty
			change(d)
		},
	}
}

// titled is artifact with titles of its files.
func titled(titles ...string) fault {
	return artifact(func(d doc) {
		for i, title := range titles {
			d["layers"].([]any)[i].(doc)["annotations"] = doc{oci.AnnotationTitle: title}
		}
	})
}

// Cases of artifacts, and of subjects.
var artifactCases = []testCase{
	{rule: "subject-type", name: "config", fault: manifest(func(d doc) { d["subject"] = d["config"] })},
	{rule: "descriptor-digest", name: "subject", fault: manifest(func(d doc) {
		d["subject"] = doc{"mediaType": oci.MediaTypeManifest, "digest": "sha256:x", "size": 1}
	})},
	{rule: "artifact-type", name: "missing", fault: fault{
		configJS: func([]byte) []byte { return []byte("{}") },
		manifest: func(d doc) { d["config"].(doc)["mediaType"] = oci.MediaTypeEmpty },
		index:    func(d doc) { delete(d["manifests"].([]any)[0].(doc), "platform") },
	}},
	{rule: "artifact-type", name: "empty", fault: artifact(func(d doc) {
		d["artifactType"] = ""
		d["config"].(doc)["mediaType"] = "application/vnd.example"
	})},
	{rule: "artifact-type", name: "word", fault: artifact(func(d doc) { d["artifactType"] = "sbom" })},
	{rule: "artifact-title", name: "absolute", fault: titled("/etc/passwd")},
	{rule: "artifact-title", name: "up", fault: titled("a/../../b")},
	{rule: "artifact-title", name: "directory", fault: titled(".")},
	{rule: "artifact-title", name: "twice", fault: titled("a/b", "c", "a/b")},
	{rule: "artifact-empty", name: "config", fault: manifest(func(d doc) {
		d["artifactType"] = "application/vnd.example"
		d["config"].(doc)["mediaType"] = oci.MediaTypeEmpty
	})},
	{rule: "artifact-empty", name: "file", fault: artifact(func(d doc) {
		d["layers"].([]any)[1].(doc)["mediaType"] = oci.MediaTypeEmpty
	})},
	{rule: "blob-missing", name: "config of an artifact", fault: artifact(func(d doc) {
		d["config"].(doc)["digest"], d["config"].(doc)["mediaType"] = zeroDigest, "application/vnd.example"
	})},
	{rule: "blob-digest", name: "file of an artifact", fault: fault{
		configJS: artifact(nil).configJS,
		manifest: artifact(func(doc) {}).manifest,
		files: func(f map[string][]byte) {
			for name, data := range f {
				if bytes.Contains(data, []byte("Hello world!")) {
					f[name] = replace("Hello", "Jello")(data)
				}
			}
		},
	}},
}

// TestArtifact checks that an artifact with the files of an image is valid, whatever the files are.
func TestArtifact(t *testing.T) {
	for name, test := range map[string]struct {
		fault fault
		files int // and the config
	}{
		"empty config": {artifact(func(d doc) {
			d["layers"].([]any)[1].(doc)["mediaType"] = "text/plain"
			d["layers"].([]any)[2].(doc)["annotations"] = doc{oci.AnnotationTitle: "docs/hello.tar"}
			d["subject"] = doc{"mediaType": oci.MediaTypeManifest, "digest": zeroDigest, "size": 7}
		}), 4},
		"own config": {artifact(func(d doc) {
			delete(d, "artifactType")
			d["config"].(doc)["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
		}), 4},
		"no files": {artifact(func(d doc) { d["layers"] = []any{d["config"]} }), 1},
		"equal files": {artifact(func(d doc) {
			file := doc{"mediaType": "application/json", "digest": d["config"].(doc)["digest"], "size": 2}
			d["layers"] = []any{file, file}
		}), 1},
	} {
		test.fault.index = func(d doc) { delete(d["manifests"].([]any)[0].(doc), "platform") }
		files := build(t, test.fault)
		want := Report{Manifests: 2, Layers: 2, Entries: 17, Files: test.files}
		report, err := Image(context.Background(), memory(files), rootOf(t, files), Options{})
		if err != nil || !reflect.DeepEqual(report, want) {
			t.Errorf("%s: %+v, %v, want %+v", name, report, err, want)
		}
	}
}

// An index may list an artifact for the platform of an image, if the descriptor has its type: the manifests of SOCI have none.
func TestArtifactForPlatform(t *testing.T) {
	store := make(imagetest.Store)
	config := store.Add("application/vnd.example", []byte("{}"))
	manifest := oci.Manifest{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, Config: config,
		Layers: []oci.Descriptor{store.Add("application/octet-stream", []byte("file"))}}
	first := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	first.Platform = &oci.Platform{OS: "linux", Architecture: "amd64"}
	first.ArtifactType = "application/vnd.example"
	manifest.Annotations = map[string]string{"another": "one"}
	second := store.AddJSON(t, oci.MediaTypeManifest, manifest)
	second.Platform, second.ArtifactType = first.Platform, first.ArtifactType
	index := oci.Index{Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeIndex, Manifests: []oci.Descriptor{first, second}}
	report, err := Image(t.Context(), store, store.AddJSON(t, oci.MediaTypeIndex, index), Options{})
	if err != nil || len(report.Violations) > 0 || report.Files != 2 {
		t.Errorf("%d files, %+v, %v", report.Files, report.Violations, err)
	}
}
