package oci

import (
	"math"
	"reflect"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

func TestMarshal(t *testing.T) {
	d := Descriptor{MediaType: MediaTypeLayer, Digest: "sha256:x", Size: 7,
		Annotations: map[string]string{"b": "<&>", "a": "\u2028ü"}}
	// JSON has no need to escape <, > and &; encoding/json always escapes U+2028.
	const want = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:x","size":7,` +
		`"annotations":{"a":"\u2028ü","b":"<&>"}}`
	if got, err := Marshal(d); err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if got, err := Marshal("x\n"); err != nil || string(got) != `"x\n"` {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := Marshal(math.Inf(1)); err == nil {
		t.Errorf("got %s for a value that JSON cannot represent", got)
	}
}

func TestUnmarshal(t *testing.T) {
	var d Descriptor
	if err := Unmarshal([]byte(" {\"size\":3,\"unknown\":[]}\n\t"), &d); err != nil || d.Size != 3 {
		t.Errorf("%+v, %v", d, err)
	}
	tests := []struct{ data, want string }{
		{"", "empty document"},
		{" \n", "empty document"},
		{"{", "unexpected EOF"},
		{"{} {}", "trailing data after the JSON value at byte 4"},
		{"{}x", "trailing data after the JSON value at byte 2"},
		{`{"size":"3"}`, "json: cannot unmarshal string into Go struct field Descriptor.size of type int64"},
	}
	for _, test := range tests {
		if err := Unmarshal([]byte(test.data), new(Descriptor)); err == nil || err.Error() != test.want {
			t.Errorf("%q: error %v, want %s", test.data, err, test.want)
		}
	}
}

func TestMediaTypes(t *testing.T) {
	tests := []struct {
		mediaType, oci  string
		index, manifest bool
		layer           Compression
	}{
		{mediaType: MediaTypeIndex, oci: MediaTypeIndex, index: true},
		{mediaType: DockerMediaTypeIndex, oci: MediaTypeIndex, index: true},
		{mediaType: MediaTypeManifest, oci: MediaTypeManifest, manifest: true},
		{mediaType: DockerMediaTypeManifest, oci: MediaTypeManifest, manifest: true},
		{mediaType: DockerMediaTypeConfig, oci: MediaTypeConfig},
		{mediaType: MediaTypeLayer, oci: MediaTypeLayer, layer: Uncompressed},
		{mediaType: MediaTypeLayerGzip, oci: MediaTypeLayerGzip, layer: Gzip},
		{mediaType: MediaTypeLayerZstd, oci: MediaTypeLayerZstd, layer: Zstd},
		{mediaType: DockerMediaTypeLayer, oci: MediaTypeLayer, layer: Uncompressed},
		{mediaType: DockerMediaTypeLayerGzip, oci: MediaTypeLayerGzip, layer: Gzip},
		{mediaType: DockerMediaTypeLayerZstd, oci: MediaTypeLayerZstd, layer: Zstd},
		{mediaType: DockerMediaTypeForeignLayer, oci: mediaTypeForeignLayerGzip, layer: Gzip},
		{mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar",
			oci: "application/vnd.oci.image.layer.nondistributable.v1.tar", layer: Uncompressed},
		{mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
			oci: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", layer: Zstd},
		{mediaType: "text/plain", oci: "text/plain"},
		{},
	}
	for _, test := range tests {
		if got := OCIMediaType(test.mediaType); got != test.oci {
			t.Errorf("OCIMediaType(%q) = %q, want %q", test.mediaType, got, test.oci)
		}
		index, manifest := IsIndex(test.mediaType), IsManifest(test.mediaType)
		document := IsDocument(test.mediaType)
		if index != test.index || manifest != test.manifest || document != (index || manifest) {
			t.Errorf("%q: IsIndex %t, IsManifest %t, IsDocument %t", test.mediaType, index, manifest, document)
		}
		got, err := LayerCompression(test.mediaType)
		if got != test.layer || (err == nil) != (test.layer != "") {
			t.Errorf("LayerCompression(%q) = %q, %v, want %q", test.mediaType, got, err, test.layer)
		}
	}
	for _, c := range []Compression{Uncompressed, Gzip, Zstd} {
		if got, err := LayerCompression(c.MediaType()); err != nil || got != c {
			t.Errorf("LayerCompression(%q) = %q, %v, want %q", c.MediaType(), got, err, c)
		}
	}
	const want = `media type "text/plain" is not an image layer type`
	if _, err := LayerCompression("text/plain"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestParsePlatform(t *testing.T) {
	tests := []struct {
		text string
		want Platform
	}{
		{"linux/amd64", Platform{OS: "linux", Architecture: "amd64"}},
		{"linux/arm/v7", Platform{OS: "linux", Architecture: "arm", Variant: "v7"}},
	}
	for _, test := range tests {
		got, err := ParsePlatform(test.text)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("ParsePlatform(%q) = %+v, %v, want %+v", test.text, got, err, test.want)
		}
		if FormatPlatform(got) != test.text {
			t.Errorf("FormatPlatform(%+v) = %q, want %q", got, FormatPlatform(got), test.text)
		}
	}
	for _, text := range []string{"", "linux", "linux/", "/amd64", "linux//v8", "linux/arm/v7/x"} {
		want := `platform "` + text + `": expected OS/ARCH or OS/ARCH/VARIANT`
		if got, err := ParsePlatform(text); err == nil || err.Error() != want {
			t.Errorf("ParsePlatform(%q) = %+v, %v, want error %s", text, got, err, want)
		}
	}
}

func TestShortPlatform(t *testing.T) {
	for text, want := range map[string]string{
		"linux/amd64": "linux/amd64", "linux/amd64/v1": "linux/amd64", "linux/amd64/v2": "linux/amd64/v2",
		"linux/arm64/v8": "linux/arm64", "linux/arm64/v9": "linux/arm64/v9", "linux/arm": "linux/arm",
		"linux/arm/v7": "linux/arm/v7", "linux/s390x": "linux/s390x",
	} {
		p, err := ParsePlatform(text)
		if got := ShortPlatform(p); err != nil || got != want {
			t.Errorf("ShortPlatform(%s) = %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestCheckDescriptor(t *testing.T) {
	d := Descriptor{Digest: digest.FromBytes(nil)}
	if err := CheckDescriptor(d); err != nil {
		t.Error(err)
	}
	d.Size = -7
	for _, test := range []struct {
		d    Descriptor
		want string
	}{
		{d, d.Digest.String() + ": size -7 is negative"},
		{Descriptor{Digest: "sha256:../../x"}, `digest "sha256:../../x": invalid checksum digest length`},
		{Descriptor{}, `digest "": invalid checksum digest format`},
	} {
		if err := CheckDescriptor(test.d); err == nil || err.Error() != test.want {
			t.Errorf("%+v: error %v, want %s", test.d, err, test.want)
		}
	}
}

func TestMatchPlatform(t *testing.T) {
	tests := []struct {
		want, have string
		match      bool
	}{
		{"linux/amd64", "linux/amd64", true},
		{"linux/amd64", "linux/arm64", false},
		{"linux/amd64", "windows/amd64", false},
		{"linux/arm", "linux/arm/v6", true},
		{"linux/arm/v6", "linux/arm/v6", true},
		{"linux/arm/v6", "linux/arm/v7", false},
		{"linux/arm/v7", "linux/arm", true},
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/amd64/v1", "linux/amd64", true},
		{"linux/amd64/v3", "linux/amd64", false},
	}
	for _, test := range tests {
		want, err := ParsePlatform(test.want)
		if err != nil {
			t.Fatal(err)
		}
		have, err := ParsePlatform(test.have)
		if err != nil {
			t.Fatal(err)
		}
		if got := MatchPlatform(want, have); got != test.match {
			t.Errorf("MatchPlatform(%s, %s) = %t", test.want, test.have, got)
		}
	}
}

func TestParseManifest(t *testing.T) {
	for _, test := range []struct{ data, want string }{
		{`{"schemaVersion":2}`, ""},
		{`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","annotations":{"a":"","A":""}}`, ""},
		{`{"schemaVersion":-1}`, "schemaVersion is -1, expected 2"},
		{`{"layers":[]}`, "schemaVersion is 0, expected 2"},
		{`{"schemaVersion":2,"mediaType":"text/plain"}`,
			`mediaType "text/plain", but its descriptor has "application/vnd.oci.image.manifest.v1+json"`},
		{`{"schemaVersion":2,"layers":[],"layers":[]}`, `key "layers" occurs twice, parsers would disagree about it`},
		{`{"schemaVersion":2,"layers":[],"Layers":[]}`, `key "Layers" occurs twice, parsers would disagree about it`},
		{`{"schemaVersion":2,"layers":[{"size":1,"size":2}]}`, `key "size" occurs twice, parsers would disagree about it`},
		{`{"schemaVersion":2,"annotations":{"a":"","a":""}}`, `key "a" occurs twice, parsers would disagree about it`},
		{`{"schemaVersion":2} 1`, "trailing data after the JSON value at byte 21"},
	} {
		text := ""
		if _, err := ParseManifest([]byte(test.data), MediaTypeManifest); err != nil {
			text = err.Error()
		}
		if text != test.want {
			t.Errorf("%s: error %q, want %q", test.data, text, test.want)
		}
	}
}
