package image

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func titled(title string) oci.Descriptor {
	d := layer("text/plain", two)
	d.Annotations = map[string]string{oci.AnnotationTitle: title}
	return d
}

func TestArtifact(t *testing.T) {
	const empty = `{"mediaType":"application/vnd.oci.empty.v1+json",` +
		`"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}`
	const head = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",`
	config := layer("application/vnd.cncf.helm.config.v1+json", one)
	subject := layer(oci.MediaTypeIndex, three)
	subject.Annotations = map[string]string{"of": "the index"}
	subject.Platform = &oci.Platform{OS: "linux", Architecture: "arm64"}
	for _, test := range []struct {
		name       string
		artifact   Artifact
		want, kind string
	}{
		{"nothing but a type", Artifact{Type: "a/b"},
			head + `"artifactType":"a/b","config":` + empty + `,"layers":[` + empty + `]}`, "a/b"},
		{"a config", Artifact{Config: &config, Files: []oci.Descriptor{titled("d/f"), layer("text/plain", one)}},
			head + `"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"D1","size":6},"layers":[` +
				`{"mediaType":"text/plain","digest":"D2","size":6,"annotations":{"org.opencontainers.image.title":"d/f"}},` +
				`{"mediaType":"text/plain","digest":"D1","size":6}]}`, "application/vnd.cncf.helm.config.v1+json"},
		{"everything", Artifact{
			Type: "a/b", Config: &config, Subject: &subject, Annotations: map[string]string{"z": "<", "a": ""},
		},
			head + `"artifactType":"a/b","config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"D1",` +
				`"size":6},"layers":[` + empty + `],` +
				`"subject":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"D3","size":6},` +
				`"annotations":{"a":"","z":"<"}}`, "a/b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.artifact.Manifest()
			if err != nil {
				t.Fatal(err)
			}
			if want := fill(test.want); string(got.Bytes) != want {
				t.Errorf("got  %s\nwant %s", got.Bytes, want)
			}
			compareJSON(t, got.Descriptor, oci.Descriptor{
				MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(got.Bytes), Size: int64(len(got.Bytes)),
				ArtifactType: test.kind,
			})
		})
	}
}

func TestArtifactRefuses(t *testing.T) {
	negative := layer("text/plain", one)
	negative.Size = -1
	config := func(mediaType string) *oci.Descriptor {
		d := layer(mediaType, one)
		return &d
	}
	long := strings.Repeat("a", 128)
	if _, err := (Artifact{Type: long[1:] + "/" + long[1:]}).Manifest(); err != nil {
		t.Errorf("names of 127 bytes: %v", err)
	}
	for want, artifact := range map[string]Artifact{
		`an artifact without a config needs an artifact type`:                        {},
		`artifact type: "sbom" is not a media type, expected TYPE/SUBTYPE`:           {Type: "sbom"},
		`artifact type: "` + long + `/b" is not a media type, expected TYPE/SUBTYPE`: {Type: long + "/b"},
		`artifact type: "b/` + long + `" is not a media type, expected TYPE/SUBTYPE`: {Type: "b/" + long},
		`artifact type: "a/b; c=d" is not a media type, expected TYPE/SUBTYPE`:       {Type: "a/b; c=d"},
		`config: media type "application/vnd.docker.container.image.v1+json" makes the artifact an image`: {
			Config: config(oci.DockerMediaTypeConfig)},
		`config: media type "application/vnd.oci.empty.v1+json" is for artifacts without a config`: {
			Config: config(oci.MediaTypeEmpty)},
		`config: "" is not a media type, expected TYPE/SUBTYPE`: {Config: config("")},
		`file 1: ` + string(one) + `: size -1 is negative`: {
			Type: "a/b", Files: []oci.Descriptor{negative}},
		`file 1: title "a//b" is not a relative path without "." and ".."`: {
			Type: "a/b", Files: []oci.Descriptor{titled("a//b")}},
		`file 1: title "" is not a relative path without "." and ".."`: {
			Type: "a/b", Files: []oci.Descriptor{titled("")}},
		`file 1: title "a\\b" is not a relative path without "." and ".."`: {
			Type: "a/b", Files: []oci.Descriptor{titled(`a\b`)}},
		`two files have the title "a"`: {
			Type: "a/b", Files: []oci.Descriptor{titled("a"), titled("b"), titled("a")}},
		`subject: media type "text/plain" is neither an image manifest nor an index`: {
			Type: "a/b", Subject: config("text/plain")},
		`subject: digest "sha512:x": algorithm "sha512" is not supported, expected sha256`: {
			Type: "a/b", Subject: &oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: "sha512:x"}},
		`annotation "k": not UTF-8 text`: {
			Type: "a/b", Annotations: map[string]string{"k": "\xff"}},
	} {
		_, err := artifact.Manifest()
		checkRefusal(t, err, want)
	}
}
