package lockfile

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// document returns a document of the store.
func document(store imagetest.Store, d oci.Descriptor) Document {
	return Document{MediaType: d.MediaType, Digest: d.Digest, Text: store[d.Digest]}
}

// sample returns a lock file with two images: an index with two platforms, and a single manifest with unusual text.
func sample(t *testing.T) *File {
	t.Helper()
	store := make(imagetest.Store)
	platform := func(d oci.Descriptor) Platform {
		return Platform{Manifest: document(store, d), Config: document(store, store.Manifest(t, d).Config)}
	}
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "a", "b")
	arm := store.AddImage(t, "linux/arm64", oci.Gzip, "a", "c")
	index := store.AddIndex(t, amd, arm)
	withShape := platform(amd)
	withShape.Shape = Text(`{"version":1,"symlinks":{"/bin":"usr/bin","/ä":"x"},"dirs":{"/tmp":{"mode":"1777"}}}` + "\n")
	config := store.Add(oci.DockerMediaTypeConfig,
		[]byte("{\n   \"os\": \"linux\",\n\t\"author\": \"Zoë, \\\"\u2028\\\\ <\x7f>\",\"rootfs\":{\"type\":\"layers\"}\r\n}\n"))
	single := store.AddJSON(t, oci.DockerMediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.DockerMediaTypeManifest, Config: config, Layers: []oci.Descriptor{},
	})
	return &File{
		Version: Version,
		Registries: map[string]Registry{
			"docker.io": {"https://registry-1.docker.io",
				&Auth{"bearer", "https://auth.docker.io/token", "registry.docker.io"}},
			"h:1": {"https://h:1", &Auth{Scheme: "basic"}},
		},
		Images: map[string]Image{
			"two": {
				Reference: "docker.io/library/two:1", Digest: index.Digest, Mirrors: []string{"h:1/m/two"},
				Indexes:   []Document{document(store, index)},
				Platforms: map[string]Platform{"linux/amd64": withShape, "linux/arm64": platform(arm)},
			},
			"One.x": {
				Reference: "h:1/one@" + single.Digest.String(), Digest: single.Digest, NoShape: true,
				Platforms: map[string]Platform{"linux/riscv64": {Manifest: document(store, single), Config: document(store, config)}},
			},
		},
	}
}

func TestGolden(t *testing.T) {
	golden := filepath.Join("testdata", "images.lock.json")
	file := sample(t)
	path := filepath.Join(t.TempDir(), "lock")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		imagetest.WriteFile(t, golden, data)
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(data) != string(want) {
		t.Errorf("%v; the lock file is\n%s", err, data)
	}
	got, err := Read(golden)
	if err != nil || !reflect.DeepEqual(got, file) {
		t.Errorf("read %+v, %v", got, err)
	}
}

// A registry that is no longer used is removed.
func TestForgottenRegistry(t *testing.T) {
	file := sample(t)
	delete(file.Images, "two")
	data, err := file.Marshal()
	if err != nil || strings.Contains(string(data), "docker.io") || !strings.Contains(string(data), `"https://h:1"`) {
		t.Errorf("%v:\n%s", err, data)
	}
}

func TestPieces(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"{}":                         "{}",
		`{"a":1,"b":[1,2]}`:          `{"a":1,|"b":[1,|2]}`,
		`{"a,":"b\",\\","c":1}`:      `{"a,":"b\",\\",|"c":1}`,
		"{\"a\":1,\"b\":2}\n":        "{\"a\":1,|\"b\":2}\n",
		"{\n \"a\":1,\"b\":2\r\n}":   "{\n| \"a\":1,\"b\":2\r\n|}",
		"{\n \"a\":1,\n\"b\":2\n}\n": "{\n| \"a\":1,\n|\"b\":2\n|}\n",
		`"`:                          `"`,
		`"\`:                         `"\`,
	} {
		var got []string
		for _, piece := range pieces([]byte(text)) {
			got = append(got, string(piece))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzText checks that any text is read back unchanged, or is rejected because it is not UTF-8.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":"\u0000\n,","b":2}`, "a\x00\x1f\x7f\u2028,\"\\", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		encoded, err := Text(data).MarshalJSON()
		if err != nil {
			if strings.ToValidUTF8(string(data), "") == string(data) {
				t.Errorf("%q: %v", data, err)
			}
			return
		}
		var got Text
		if err := oci.Unmarshal(encoded, &got); err != nil || string(got) != string(data) {
			t.Errorf("%q: %s is %q, %v", data, encoded, got, err)
		}
	})
}

func TestCheck(t *testing.T) {
	const other = digest.Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	tests := []struct {
		name   string
		change func(*File)
		want   string // a part of the error
	}{
		{"name", func(f *File) { f.Images["1st"] = f.Images["two"] },
			`name "1st": expected a letter, then letters, digits, ".", "_" and "-"`},
		{"reference", changed(func(i *Image) { i.Reference = "Two" }), `image two: image name "Two": repository component`},
		{"reference's digest", changed(func(i *Image) { i.Reference = "docker.io/library/two@" + other.String() }),
			"image two: the digest is sha256:"},
		{"mirror", changed(func(i *Image) { i.Mirrors = []string{"h:1/m:tag"} }), `image two: mirrors: repository "h:1/m:tag"`},
		{"registry", func(f *File) { delete(f.Registries, "h:1") }, `image two: registry h:1 is not listed in "registries"`},
		{"url", func(f *File) { f.Registries["h:1"] = Registry{URL: "ftp://h:1"} },
			`registry h:1: url "ftp://h:1" is not an http(s) address`},
		{"secret in the url", func(f *File) { f.Registries["h:1"] = Registry{URL: "https://u:p@h"} },
			"is not an http(s) address"},
		{"scheme", func(f *File) { f.Registries["h:1"] = Registry{"https://h:1", &Auth{Scheme: "negotiate"}} },
			`registry h:1: auth: unknown scheme "negotiate"`},
		{"realm", func(f *File) { f.Registries["h:1"] = Registry{"https://h:1", &Auth{Scheme: "bearer", Realm: "x"}} },
			`registry h:1: auth: realm "x" is not an http(s) address`},
		{"digest", changed(func(i *Image) { i.Digest = other }), "image two: index 1: nothing refers to sha256:"},
		{"index text", changed(func(i *Image) { i.Indexes[0].Text = Text("{}") }), "image two: index 1: the text has the digest"},
		{"no index", changed(func(i *Image) { i.Indexes = nil }), "image two: linux/amd64: nothing refers to the manifest sha256:"},
		{"index type", changed(func(i *Image) { i.Indexes[0].MediaType = oci.MediaTypeManifest }),
			"image two: index 1: not an index"},
		{"no platform", changed(func(i *Image) { i.Platforms = nil }), "image two: no platforms"},
		{"platform", changed(func(i *Image) { i.Platforms["linux/../x"] = i.Platforms["linux/amd64"] }),
			`platform "linux/../x": expected OS/ARCH or OS/ARCH/VARIANT`},
		{"another platform", changed(func(i *Image) { i.Platforms["linux/386"] = i.Platforms["linux/amd64"] }),
			"image two: linux/386: the config is for linux/amd64"},
		{"manifest text", changedPlatform(func(p *Platform) { p.Manifest.Text = Text("{}") }),
			"image two: linux/amd64: manifest: the text has the digest"},
		{"manifest type", changedPlatform(func(p *Platform) { p.Manifest.MediaType = "x" }),
			`manifest: media type "x" is not a manifest type`},
		{"config text", changedPlatform(func(p *Platform) { p.Config.Text = Text("{}") }),
			"image two: linux/amd64: config: the text has the digest"},
		{"not UTF-8", changed(func(i *Image) {
			i.Indexes[0].Text = Text("{\"a\":\"\xff\"}")
			i.Indexes[0].Digest = digest.FromBytes(i.Indexes[0].Text)
			i.Digest = i.Indexes[0].Digest
		}), "image two: index 1: the text is not UTF-8, which JSON requires"},
		{"shape", changedPlatform(func(p *Platform) { p.Shape = Text(`{"version":2}`) }),
			"image two: linux/amd64: shape: not a shape of layers: version 2, expected 1"},
		{"config digest", changedPlatform(func(p *Platform) { p.Config.Digest = other }),
			"image two: linux/amd64: config: the text has the digest"},
	}
	for _, test := range tests {
		file := sample(t)
		test.change(file)
		if err := file.Check(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
		path := filepath.Join(t.TempDir(), "lock")
		if err := file.Write(path); err == nil {
			t.Errorf("%s: Write succeeds", test.name)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: Write leaves a file", test.name)
		}
	}
}

func changed(change func(*Image)) func(*File) {
	return func(f *File) {
		image := f.Images["two"]
		change(&image)
		f.Images["two"] = image
	}
}

func changedPlatform(change func(*Platform)) func(*File) {
	return changed(func(i *Image) {
		p := i.Platforms["linux/amd64"]
		change(&p)
		i.Platforms["linux/amd64"] = p
	})
}

// Layers rejects everything that is not an image, wherever it comes from.
func TestLayersRefuses(t *testing.T) {
	tests := []struct {
		name     string
		manifest func(*oci.Manifest)
		config   string
		want     string
	}{
		{"artifact", func(m *oci.Manifest) { m.Config.MediaType = "application/vnd.x" }, "{}",
			`manifest: not an image: the config has the media type "application/vnd.x"`},
		{"layer type", func(m *oci.Manifest) { m.Layers = []oci.Descriptor{{MediaType: "x"}} }, "{}",
			`manifest: layer 1: media type "x" is not an image layer type`},
		{"layer digest", func(m *oci.Manifest) {
			m.Layers = []oci.Descriptor{{MediaType: oci.MediaTypeLayer, Digest: "sha256:../../x"}}
		}, "{}", `manifest: layer 1: digest "sha256:../../x": invalid checksum digest length`},
		{"config size", func(m *oci.Manifest) { m.Config.Size = 1 }, "{}", "config: 2 bytes, but the manifest states 1"},
		{"diff ids", func(*oci.Manifest) {}, `{"rootfs":{"diff_ids":["x"]}}`,
			`config: diff_id 1: digest "x": invalid checksum digest format`},
		{"too many diff ids", func(*oci.Manifest) {},
			`{"rootfs":{"diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}`,
			"config: 1 diff_ids for 0 layers"},
		{"schema", func(m *oci.Manifest) { m.SchemaVersion = -1 }, "{}", "manifest: schemaVersion is -1, expected 2"},
		{"keys", func(*oci.Manifest) {}, `{"os":"a","os":"b"}`,
			`config: key "os" occurs twice, parsers would disagree about it`},
		{"config not JSON", func(*oci.Manifest) {}, "{", "config: unexpected EOF"},
	}
	for _, test := range tests {
		store := make(imagetest.Store)
		manifest := oci.Manifest{Versioned: oci.SchemaVersion, Config: store.Add(oci.MediaTypeConfig, []byte(test.config))}
		config := document(store, manifest.Config)
		test.manifest(&manifest)
		p := Platform{Manifest: document(store, store.AddJSON(t, oci.MediaTypeManifest, manifest)), Config: config}
		if _, err := p.Layers(); err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                      "not a lock file: empty document",
		"<<<<<<< HEAD":          "not a lock file: invalid character '<' looking for beginning of value",
		"{}":                    "unknown version 0, expected 1",
		`{"version":2,"new":1}`: "unknown version 2, expected 1",
		`{"version":1,"new":1}`: `json: unknown field "new"`,
		`{"version":1,"images":{"a":{"reference":"a"}}}`: "image a: registry docker.io is not listed in \"registries\"\n" +
			"image a: no platforms",
	} {
		path := filepath.Join(dir, "lock")
		imagetest.WriteFile(t, path, []byte(text))
		if _, err := Read(path); err == nil || err.Error() != path+": "+want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	none := filepath.Join(dir, "none")
	if f, err := Read(none); err == nil || err.Error() != none+": the file does not exist" {
		t.Errorf("no file: %+v, %v", f, err)
	}
	f, err := ReadOrNew(none)
	if err != nil || !reflect.DeepEqual(f, &File{1, map[string]Registry{}, map[string]Image{}}) {
		t.Errorf("a new file: %+v, %v", f, err)
	}
	if _, err := ReadOrNew(filepath.Join(dir, "lock")); err == nil {
		t.Error("ReadOrNew accepts an invalid file")
	}
	if f, err := parse([]byte(`{"version":1}`)); err != nil || f.Images == nil || f.Registries == nil {
		t.Errorf("an empty one: %+v, %v", f, err)
	}
}

func TestNames(t *testing.T) {
	f := sample(t)
	for _, test := range []struct{ names, want []string }{
		{nil, []string{"One.x", "two"}},
		{[]string{"two"}, []string{"two"}},
		{[]string{"two", "One.x", "two"}, []string{"One.x", "two"}},
		{[]string{"two", "none"}, nil},
	} {
		got, err := f.Names(test.names)
		if !reflect.DeepEqual(got, test.want) || (err != nil) != (test.want == nil) {
			t.Errorf("%q: %q, %v", test.names, got, err)
		}
	}
	if got, want := f.Images["two"].PlatformNames(), []string{"linux/amd64", "linux/arm64"}; !reflect.DeepEqual(got, want) {
		t.Errorf("platforms %q", got)
	}
}
