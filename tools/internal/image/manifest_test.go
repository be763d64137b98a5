package image

import (
	"errors"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

const (
	dockerConfig = `{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"D1","size":5}`
	ociConfig    = `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"D1","size":5}`
)

// configDescriptor is the descriptor of a config as Config returns it.
func configDescriptor() oci.Descriptor {
	return oci.Descriptor{
		MediaType: oci.MediaTypeConfig, Digest: one, Size: 5, Platform: &oci.Platform{OS: "linux",
			Architecture: "arm", Variant: "v7"},
	}
}

func layer(mediaType string, d digest.Digest) oci.Descriptor {
	return oci.Descriptor{MediaType: mediaType, Digest: d, Size: 6}
}

// bind runs Manifest with a base as text; an empty base means no base.
func bind(base string, annotations map[string]string, layers ...oci.Descriptor) (Document, error) {
	if base == "" {
		return Manifest(configDescriptor(), nil, layers, annotations)
	}
	return Manifest(configDescriptor(), []byte(fill(base)), layers, annotations)
}

func TestManifest(t *testing.T) {
	const head = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":` + ociConfig
	annotated := layer(oci.MediaTypeLayerGzip, two)
	annotated.Annotations = map[string]string{"b": "<&>", "a": ""}
	for _, test := range []struct {
		name, base  string
		annotations map[string]string
		layers      []oci.Descriptor
		want        string
	}{
		{"no layers", "", nil, nil, head + `,"layers":[]}`},
		{"layers of all compressions, in order", "", nil,
			[]oci.Descriptor{layer(oci.MediaTypeLayerZstd, three), annotated, layer(oci.MediaTypeLayer, one)},
			head + `,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+zstd","digest":"D3","size":6},` +
				`{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"D2","size":6,` +
				`"annotations":{"a":"","b":"<&>"}},` +
				`{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"D1","size":6}]}`},
		{"annotations", "", map[string]string{"z": "1", "a": "é\n"}, nil, head +
			`,"layers":[],"annotations":{"a":"é\n","z":"1"}}`},
		{"a base without layers", `{"schemaVersion":2,"config":` + dockerConfig + `,"layers":null}`, nil, nil, head +
			`,"layers":[]}`},
		{"a Docker base becomes OCI's, its annotations are dropped",
			`{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":` +
				dockerConfig +
				`,"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"D1","size":0},` +
				`{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"D2","size":1,` +
				`"urls":["https://example.com/x"],"annotations":{"k":"v"}}],"annotations":{"of":"the base"},` +
				`"subject":` + dockerConfig + `}`,
			nil, []oci.Descriptor{layer(oci.DockerMediaTypeLayer, three)},
			head + `,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"D1","size":0},` +
				`{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip","digest":"D2","size":1,` +
				`"urls":["https://example.com/x"],"annotations":{"k":"v"}},` +
				`{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"D3","size":6}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := bind(test.base, test.annotations, test.layers...)
			if err != nil {
				t.Fatal(err)
			}
			if want := fill(test.want); string(got.Bytes) != want {
				t.Errorf("got  %s\nwant %s", got.Bytes, want)
			}
			compareJSON(t, got.Descriptor, oci.Descriptor{
				MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(got.Bytes), Size: int64(len(got.Bytes)),
				Platform: &oci.Platform{OS: "linux", Architecture: "arm", Variant: "v7"},
			})
		})
	}
}

func TestManifestRefusesBases(t *testing.T) {
	const layerGzip = `"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip"`
	for _, test := range []struct{ base, want string }{
		{
			`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`,
			`this is an image index, expected an image manifest`,
		},
		{onBase(`{}`), `this is an image config, expected an image manifest`},
		{`x`, `expected an image manifest: not JSON: invalid character 'x' looking for beginning of value`},
		{
			`{"schemaVersion":1,"config":` + ociConfig + `,"layers":[]}`,
			`schemaVersion is 1, expected 2`,
		},
		{`{"schemaVersion":2,"layers":[]}`, `config: media type "" is not an image config type`},
		{
			`{"schemaVersion":2,"Layers":[],"layers":[],"config":` + ociConfig + `}`,
			`key "Layers" differs from "layers" only in case, parsers would disagree about it`,
		},
		{`{"schemaVersion":2,"layers":{},"config":` + ociConfig + `}`, `layers: got a JSON object, expected a list`},
		{
			`{"schemaVersion":2,"layers":[{` + layerGzip + `,"digest":"D1","size":"1"}],"config":` + ociConfig + `}`,
			`layers: size: got a JSON string, expected a number`,
		},
		{
			`{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"D1",` +
				`"size":1},"layers":[]}`,
			`config: media type "application/vnd.cncf.helm.config.v1+json" is not an image config type`,
		},
		{
			`{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"D1",` +
				`"size":-1},"layers":[]}`,
			`config: ` + string(one) + `: size -1 is negative`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{"mediaType":"text/plain","digest":"D1",` +
				`"size":1}]}`,
			`layer 1: media type "text/plain" is not an image layer type`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{` + layerGzip + `,"digest":"D1","size":1},` +
				`null]}`,
			`layer 2: media type "" is not an image layer type`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{` + layerGzip + `,"digest":"../x","size":1}]}`,
			`layer 1: digest "../x": invalid checksum digest format`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{` + layerGzip + `,"digest":"D1","size":-2}]}`,
			`layer 1: ` + string(one) + `: size -2 is negative`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{` + layerGzip + `,"digest":"D1","size":2,` +
				`"data":"e30="}]}`,
			`layer 1: ` + string(one) + `: the embedded data is not the blob that the descriptor names`,
		},
		{
			`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{` + layerGzip + `,"digest":"D1","size":2,` +
				`"annotations":{"":"x"}}]}`,
			`layer 1: empty annotation key for the value "x"`,
		},
	} {
		base, want := test.base, test.want
		t.Run(base, func(t *testing.T) {
			_, err := bind(base, nil)
			checkRefusal(t, err, "base manifest: "+want)
		})
	}
}

func TestManifestRefusesOwnParts(t *testing.T) {
	_, err := bind("", nil, layer(oci.MediaTypeLayer, one), layer(oci.MediaTypeConfig, two))
	checkRefusal(t, err, `layer 2: media type "application/vnd.oci.image.config.v1+json" is not an image layer type`)
	_, err = bind("", nil, layer(oci.MediaTypeLayer, "sha512:x"))
	checkRefusal(t, err, `layer 1: digest "sha512:x": algorithm "sha512" is not supported, expected sha256`)
	_, err = bind("", map[string]string{"": "v"})
	checkRefusal(t, err, `empty annotation key for the value "v"`)
	_, err = bind("", map[string]string{"k": "\xff"})
	checkRefusal(t, err, `annotation "k": not UTF-8 text`)

	config := configDescriptor()
	config.MediaType = oci.MediaTypeManifest
	_, err = Manifest(config, nil, nil, nil)
	checkRefusal(t, err, `config: media type "application/vnd.oci.image.manifest.v1+json" is not an `+
		`image config type`)
	config = configDescriptor()
	config.Platform.Architecture = ""
	_, err = Manifest(config, nil, nil, nil)
	checkRefusal(t, err, `config: platform: invalid architecture "", expected a name like a GOOS or GOARCH value`)
	config.Platform = nil
	_, err = Manifest(config, nil, nil, nil)
	checkRefusal(t, err, `config: the descriptor states no platform`)
}

func TestManifestLayerLimit(t *testing.T) {
	base := `{"schemaVersion":2,"config":` + ociConfig + `,` +
		`"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"D1","size":1}]}`
	layers := make([]oci.Descriptor, maxLayers)
	for i := range layers {
		layers[i] = layer(oci.MediaTypeLayer, two)
	}
	if _, err := bind(base, nil, layers[1:]...); err != nil {
		t.Errorf("%d layers: %v", maxLayers, err)
	}
	if _, err := bind(base, nil, layers...); !errors.Is(err, ErrTooManyLayers) {
		t.Errorf("%d layers: got %v", maxLayers+1, err)
	}
}
