package image

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// tables returns the zTOC of a layer.
func tables() []ZTOC {
	return []ZTOC{{Digest: two, Size: 6, SpanSize: 4 << 20, Layer: layer(oci.MediaTypeLayerGzip, three)}}
}

func TestMakeLazy(t *testing.T) {
	manifest := `{"schemaVersion":2,"mediaType":"` + oci.DockerMediaTypeManifest + `","config":` +
		`{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"D1","size":6},"layers":[` +
		`{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"D3","size":6}]}`
	d := child(one, platform(t, "linux/arm64"))
	d.MediaType = oci.DockerMediaTypeManifest
	d.Annotations = map[string]string{"of": "the image"}
	made, err := MakeLazy(d, []byte(fill(manifest)), tables())
	if err != nil {
		t.Fatal(err)
	}
	want := fill(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":` +
		`"application/vnd.amazon.soci.index.v2+json","digest":` +
		`"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":` +
		`"application/octet-stream","digest":"D2","size":6,"annotations":{"com.amazon.soci.image-layer-digest":"D3",` +
		`"com.amazon.soci.image-layer-mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",` +
		`"com.amazon.soci.span-size":"4194304"}}],"annotations":{"com.amazon.soci.build-tool-identifier":"rules_strata",` +
		`"io.github.rules-strata.platform":"linux/arm64"}}`)
	if string(made.SOCI.Bytes) != want {
		t.Errorf("got  %s\nwant %s", made.SOCI.Bytes, want)
	}
	// The image has OCI's media types: an index with SOCI's manifest cannot refer to Docker's in all registries.
	want = fill(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":`+
		`"application/vnd.oci.image.config.v1+json","digest":"D1","size":6},"layers":[{"mediaType":`+
		`"application/vnd.oci.image.layer.v1.tar+gzip","digest":"D3","size":6}],"annotations":{"com.amazon.soci.index-digest":"`) +
		string(made.SOCI.Descriptor.Digest) + `"}}`
	if string(made.Image.Bytes) != want {
		t.Errorf("got  %s\nwant %s", made.Image.Bytes, want)
	}
	compareJSON(t, made.Image.Descriptor, oci.Descriptor{
		MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(made.Image.Bytes), Size: int64(len(want)),
		Platform: d.Platform, Annotations: d.Annotations,
	})
	compareJSON(t, made.SOCI.Descriptor, oci.Descriptor{
		MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(made.SOCI.Bytes), Size: int64(len(made.SOCI.Bytes)),
		Platform: d.Platform, ArtifactType: "application/vnd.amazon.soci.index.v2+json",
		Annotations: map[string]string{"com.amazon.soci.image-manifest-digest": string(made.Image.Descriptor.Digest)},
	})
}

func TestMakeLazyRefuses(t *testing.T) {
	known := child(one, platform(t, "linux/arm64"))
	const head = `{"schemaVersion":2,"config":`
	config := `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"D1","size":6}`
	for _, test := range []struct {
		d              oci.Descriptor
		manifest, want string
	}{
		{child(one, nil), head + config + `,"layers":[]}`, "the descriptor of the image states no platform"},
		{known, `[]`, "manifest: "},
		{known, head + `{"mediaType":"text/plain"},"layers":[]}`, `config: media type "text/plain" is not an image config type`},
		{known, head + config + `,"layers":[{"mediaType":"text/plain"}]}`, "layer 1: "},
		{known, head + config + `,"layers":[],"layers":[]}`, `key "layers" occurs twice`},
	} {
		_, err := MakeLazy(test.d, []byte(fill(test.manifest)), tables())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.manifest, err, test.want)
		}
	}
}
