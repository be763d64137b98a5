package image

import (
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// child is the descriptor of a manifest.
func child(d digest.Digest, p *oci.Platform) oci.Descriptor {
	return oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: d, Size: 7, Platform: p}
}

// platform reads OS/ARCH[/VARIANT].
func platform(t *testing.T, text string) *oci.Platform {
	t.Helper()
	p, err := oci.ParsePlatform(text)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestIndex(t *testing.T) {
	const head = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":`
	docker := child(two, platform(t, "linux/amd64"))
	docker.MediaType = oci.DockerMediaTypeManifest
	docker.Annotations = map[string]string{"k": "v"}
	nested := oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: three, Size: 8}
	artifact := child(one, platform(t, "linux/amd64"))
	artifact.ArtifactType = "application/x"
	for _, test := range []struct {
		name        string
		children    []oci.Descriptor
		annotations map[string]string
		want        string
	}{
		{"empty", nil, nil, head + `[]}`},
		{"annotations", nil, map[string]string{"b": "<", "a": ""}, head + `[],"annotations":{"a":"","b":"<"}}`},
		{"images, in the order given", []oci.Descriptor{
			child(three, platform(t, "linux/arm64/v8")), docker, child(one, platform(t, "linux/arm/v6"))}, nil,
			head + `[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"D3","size":7,` +
				`"platform":{"architecture":"arm64","os":"linux","variant":"v8"}},` +
				`{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"D2","size":7,` +
				`"annotations":{"k":"v"},` +
				`"platform":{"architecture":"amd64","os":"linux"}},` +
				`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"D1","size":7,` +
				`"platform":{"architecture":"arm","os":"linux","variant":"v6"}}]}`},
		{"features of the processor", []oci.Descriptor{child(one, &oci.Platform{
			OS: "linux", Architecture: "amd64", Features: []string{"sse4"}})}, nil,
			head + `[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"D1","size":7,` +
				`"platform":{"architecture":"amd64","os":"linux","features":["sse4"]}}]}`},
		{"indexes and artifacts", []oci.Descriptor{nested, docker, artifact}, nil,
			head + `[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"D3","size":8},` +
				`{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"D2","size":7,` +
				`"annotations":{"k":"v"},` +
				`"platform":{"architecture":"amd64","os":"linux"}},` +
				`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"D1","size":7,` +
				`"platform":{"architecture":"amd64","os":"linux"},"artifactType":"application/x"}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Index(test.children, test.annotations)
			if err != nil {
				t.Fatal(err)
			}
			if want := fill(test.want); string(got.Bytes) != want {
				t.Errorf("got  %s\nwant %s", got.Bytes, want)
			}
			compareJSON(t, got.Descriptor, oci.Descriptor{
				MediaType: oci.MediaTypeIndex, Digest: digest.FromBytes(got.Bytes), Size: int64(len(got.Bytes)),
			})
		})
	}
}

func TestIndexPlatforms(t *testing.T) {
	version := func(v string) *oci.Platform {
		return &oci.Platform{OS: "windows", Architecture: "amd64", OSVersion: v}
	}
	features := func(f ...string) *oci.Platform {
		return &oci.Platform{OS: "windows", Architecture: "amd64", OSFeatures: f}
	}
	for _, test := range []struct {
		name string
		a, b *oci.Platform
		same string // the platform that the error names, empty if the two differ
	}{
		{"equal", platform(t, "linux/amd64"), platform(t, "linux/amd64"), "linux/amd64"},
		{"os", platform(t, "linux/amd64"), platform(t, "freebsd/amd64"), ""},
		{"architecture", platform(t, "linux/amd64"), platform(t, "linux/386"), ""},
		{"variant", platform(t, "linux/arm/v6"), platform(t, "linux/arm/v7"), ""},
		{"implied variant", platform(t, "linux/arm64"), platform(t, "linux/arm64/v8"), "linux/arm64/v8"},
		{"version", version("10.0.1"), version("10.0.2"), ""},
		{"same version", version("10.0.1"), version("10.0.1"), "windows/amd64"},
		{"features", features("a"), features("a", "b"), ""},
		{"same features", features("b", "a"), features("a", "b"), "windows/amd64"},
		{"features of the processor, which engines ignore", platform(t, "linux/amd64"),
			&oci.Platform{OS: "linux", Architecture: "amd64", Features: []string{"sse4"}}, "linux/amd64"},
		{"attestations", platform(t, "unknown/unknown"), platform(t, "unknown/unknown"), ""},
		{"none stated", nil, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Index([]oci.Descriptor{child(one, test.a), child(two, test.b)}, nil)
			if test.same != "" {
				checkRefusal(t, err, "platform "+test.same+": two images, "+string(one)+" and "+string(two))
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIndexRefuses(t *testing.T) {
	config := child(one, nil)
	config.MediaType = oci.MediaTypeConfig
	negative := child(one, nil)
	negative.Size = -1
	for _, test := range []struct {
		children []oci.Descriptor
		want     string
	}{
		{[]oci.Descriptor{child(two, nil), config},
			`image 2: media type "application/vnd.oci.image.config.v1+json" is neither an image manifest ` +
				`nor an index`},
		{[]oci.Descriptor{negative}, `image 1: ` + string(one) + `: size -1 is negative`},
		{[]oci.Descriptor{child("x", nil)}, `image 1: digest "x": invalid checksum digest format`},
		{[]oci.Descriptor{child(one, nil), child(one, platform(t, "linux/arm"))}, `image 2: ` + string(one) +
			` is listed twice`},
		{[]oci.Descriptor{child(one, &oci.Platform{OS: "linux"})},
			`image 1: platform: invalid architecture "", expected a name like a GOOS or GOARCH value`},
	} {
		_, err := Index(test.children, nil)
		checkRefusal(t, err, test.want)
	}
	_, err := Index(nil, map[string]string{"": "v"})
	checkRefusal(t, err, `empty annotation key for the value "v"`)
}
