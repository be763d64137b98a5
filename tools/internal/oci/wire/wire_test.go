package wire

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// ofNothing is the digest of zero bytes, as sha256sum prints it.
const ofNothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// The format of the files is a contract with the rules, which pass them from tool to tool.
const (
	layerJSON = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"` + ofNothing + `","size":7,` +
		`"annotations":{"a":"b"},"diff_id":"` + ofNothing + `","uncompressed_size":9,"history":{"created_by":"x"},` +
		`"programs":{"amd64":"/bin/<a>","arm64":"/b"},"environment":{"path":["/opt/bin"],"variables":{"A":"b"}},` +
		`"packages":[{"name":"a_1_all.deb","digest":"` + ofNothing + `"},{"uri":"https://h/b.conda","digest":"` + ofNothing + `"}]}`
	bareLayerJSON = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"` + ofNothing + `","size":0,` +
		`"diff_id":"` + ofNothing + `","uncompressed_size":0}`
	remoteLayerJSON = `{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"` + ofNothing + `","size":0,` +
		`"diff_id":"` + ofNothing + `","uncompressed_size":0,"sources":["h:1/a","docker.io/library/b"]}`
	descriptorJSON = `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + ofNothing + `","size":7,` +
		`"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}`
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLayer(t *testing.T) {
	full := Layer{MediaType: oci.MediaTypeLayerGzip, Digest: ofNothing, Size: 7, Annotations: map[string]string{"a": "b"},
		DiffID: ofNothing, UncompressedSize: 9, History: &oci.History{CreatedBy: "x"},
		Programs:    map[string]string{"amd64": "/bin/<a>", "arm64": "/b"},
		Environment: &Environment{Path: []string{"/opt/bin"}, Variables: map[string]string{"A": "b"}},
		Packages:    []Package{{Name: "a_1_all.deb", Digest: ofNothing}, {URI: "https://h/b.conda", Digest: ofNothing}}}
	bare := Layer{MediaType: oci.MediaTypeLayer, Digest: ofNothing, DiffID: ofNothing}
	remote := bare
	remote.Sources = []string{"h:1/a", "docker.io/library/b"}
	for text, want := range map[string]Layer{layerJSON: full, bareLayerJSON: bare, remoteLayerJSON: remote} {
		path := write(t, text)
		got, err := ReadLayer(path)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %+v, %v, want %+v", got, err, want)
		}
		if err := Write(path, got); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != text {
			t.Errorf("wrote %s, %v, want %s", again, err, text)
		}
	}
	want := oci.Descriptor{MediaType: oci.MediaTypeLayerGzip, Digest: ofNothing, Size: 7,
		Annotations: map[string]string{"a": "b"}}
	if got := full.Descriptor(); !reflect.DeepEqual(got, want) {
		t.Errorf("Descriptor() = %+v, want %+v", got, want)
	}
}

// TestBlob checks that the descriptor of an artifact's file is read like a layer's, and that a document's is rejected.
func TestBlob(t *testing.T) {
	const file = `{"mediaType":"text/plain","digest":"` + ofNothing + `","size":0,"annotations":{"a":"b"}}`
	for text, want := range map[string]Layer{
		file:          {MediaType: "text/plain", Digest: ofNothing, Annotations: map[string]string{"a": "b"}},
		bareLayerJSON: {MediaType: oci.MediaTypeLayer, Digest: ofNothing, DiffID: ofNothing},
	} {
		if got, err := ReadBlob(write(t, text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := ReadLayer(write(t, file)); err == nil {
		t.Error("a file is read as a layer")
	}
	path := write(t, descriptorJSON)
	want := path + `: media type "` + oci.MediaTypeManifest + `" is that of a document, not of a layer or a file`
	if _, err := ReadBlob(path); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestDescriptor(t *testing.T) {
	path := write(t, descriptorJSON)
	got, err := ReadDescriptor(path)
	want := oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: ofNothing, Size: 7,
		Platform: &oci.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	if err := Write(path, got); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != descriptorJSON {
		t.Errorf("wrote %s, %v, want %s", again, err, descriptorJSON)
	}
}

func TestReadRefuses(t *testing.T) {
	layer := func(path string) error { _, err := ReadLayer(path); return err }
	blob := func(path string) error { _, err := ReadBlob(path); return err }
	descriptor := func(path string) error { _, err := ReadDescriptor(path); return err }
	const manifest, gzip = oci.MediaTypeManifest, oci.MediaTypeLayerGzip
	tests := []struct {
		read       func(string) error
		text, want string // the error without the path
	}{
		{descriptor, "", "not a descriptor: empty document"},
		{descriptor, "[]", "not a descriptor: json: cannot unmarshal array into Go value of type oci.Descriptor"},
		{descriptor, descriptorJSON + "x", "not a descriptor: trailing data after the JSON value at byte 214"},
		{descriptor, `{"digest":"` + ofNothing + `","size":7}`, "not a descriptor: mediaType is missing"},
		{descriptor, `{"mediaType":"` + manifest + `","digest":"` + ofNothing + `","size":-7}`, ofNothing + ": size -7 is negative"},
		{descriptor, `{"mediaType":"` + manifest + `","digest":"x"}`, `digest "x": invalid checksum digest format`},
		{layer, "{", "not a descriptor: unexpected EOF"},
		{blob, `{"mediaType":"text/plain","digest":"x"}`, `digest "x": invalid checksum digest format`},
		{layer, descriptorJSON, `media type "` + manifest + `" is not an image layer type`},
		{layer, `{"mediaType":"` + gzip + `","digest":"` + ofNothing + `"}`,
			`diff_id: digest "": invalid checksum digest format`},
		{layer, `{"mediaType":"` + gzip + `","digest":"x","diff_id":"` + ofNothing + `"}`,
			`digest "x": invalid checksum digest format`},
		{layer, `{"mediaType":"` + gzip + `","digest":"` + ofNothing + `","diff_id":"` + ofNothing + `","packages":[{"name":"a"}]}`,
			`packages: digest "": invalid checksum digest format`},
		{layer, `{"mediaType":"` + gzip + `","digest":"` + ofNothing + `","diff_id":"` + ofNothing + `","sources":["a:b"]}`,
			`sources: repository "a:b": a repository has no tag or digest, expected "docker.io/library/a"`},
	}
	for _, test := range tests {
		path := write(t, test.text)
		if err := test.read(path); err == nil || err.Error() != path+": "+test.want {
			t.Errorf("%s: error %v, want %s", test.text, err, test.want)
		}
	}
	for _, read := range []func(string) error{layer, blob, descriptor} {
		if err := read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: error %v", err)
		}
	}
}

func TestOutputs(t *testing.T) {
	d := oci.Descriptor{MediaType: "m", Digest: ofNothing, Size: 3}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := (Outputs{at("doc"), at("desc"), at("dig")}).Write([]byte("{}"), d); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"doc": "{}", "desc": `{"mediaType":"m","digest":"` + ofNothing + `","size":3}`, "dig": ofNothing,
	} {
		if got, err := os.ReadFile(at(name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	if err := (Outputs{Document: at("doc2"), Descriptor: at("desc2")}).Write(nil, d); err != nil {
		t.Error(err)
	}
	if err := (Outputs{at("doc3"), at("desc3"), at("none/dig")}).Write(nil, d); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{"desc", "desc2", "dig", "doc", "doc2"}; !reflect.DeepEqual(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
}
