package importer_test

import (
	"archive/tar"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/store/archive"
	"github.com/rules-strata/rules_strata/tools/internal/store/importer"
	"github.com/rules-strata/rules_strata/tools/internal/store/layout"
)

// dockerConfig returns a config as Docker writes it, for linux/amd64, of layers with the uncompressed tars.
func dockerConfig(t testing.TB, tars ...[]byte) string {
	t.Helper()
	diffIDs := []digest.Digest{}
	for _, layer := range tars {
		diffIDs = append(diffIDs, digest.FromBytes(layer))
	}
	ids, err := oci.Marshal(diffIDs)
	if err != nil {
		t.Fatal(err)
	}
	return `{"architecture":"amd64","os":"linux","docker_version":"1","rootfs":{"type":"layers","diff_ids":` +
		string(ids) + `}}`
}

// hexName returns the hexadecimal digest of data.
func hexName(data string) string { return digest.FromBytes([]byte(data)).Encoded() }

// dockerArchive returns the docker-archive of one image in the form of podman save.
func dockerArchive(t testing.TB, names []string, tars ...[]byte) []byte {
	t.Helper()
	config := dockerConfig(t, tars...)
	image := archive.DockerImage{Config: hexName(config) + ".json", RepoTags: names, Layers: []string{}}
	var files []imagetest.File
	for _, layer := range tars {
		name := hexName(string(layer)) + ".tar"
		if !slices.Contains(image.Layers, name) {
			files = append(files, imagetest.File{Name: name, Data: string(layer)})
		}
		image.Layers = append(image.Layers, name)
	}
	files = append(files, imagetest.File{Name: image.Config, Data: config}, manifestFile(t, image))
	return imagetest.Tar(t, files...)
}

func manifestFile(t testing.TB, images ...archive.DockerImage) imagetest.File {
	t.Helper()
	data, err := oci.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	return imagetest.File{Name: "manifest.json", Data: string(data)}
}

// The forms are those of docker save 20.10, docker save 25 without its OCI half, podman save 4.3, and programs that
// compress layers.
func TestDockerForms(t *testing.T) {
	base := imagetest.Tar(t, imagetest.File{Name: "base", Data: "base"})
	app := imagetest.Tar(t, imagetest.File{Name: "app", Data: "app"})
	config := dockerConfig(t, base, app, base)
	zstdBase, gzipApp := imagetest.Pack(t, oci.Zstd, base), imagetest.Pack(t, oci.Gzip, app)
	layer := func(compression oci.Compression, data []byte) oci.Descriptor {
		return oci.Descriptor{MediaType: compression.MediaType(), Digest: digest.FromBytes(data), Size: int64(len(data))}
	}
	plainBase, plainApp := layer(oci.Uncompressed, base), layer(oci.Uncompressed, app)

	tests := []struct {
		name  string
		files []imagetest.File
		want  []oci.Descriptor
	}{
		{"docker 20.10", []imagetest.File{
			{Name: "1/", Type: tar.TypeDir}, {Name: "1/VERSION", Data: "1.0"}, {Name: "1/json", Data: "{}"},
			{Name: "1/layer.tar", Type: tar.TypeSymlink, Link: "../3/layer.tar"},
			{Name: "2/layer.tar", Data: string(app)},
			{Name: "3/layer.tar", Data: string(base)},
			{Name: hexName(config) + ".json", Data: config},
			manifestFile(t, archive.DockerImage{Config: hexName(config) + ".json",
				Layers: []string{"1/layer.tar", "2/layer.tar", "3/layer.tar"}}),
			{Name: "repositories", Data: "{}"},
		}, []oci.Descriptor{plainBase, plainApp, plainBase}},
		{"docker 25", []imagetest.File{
			{Name: "blobs/sha256/" + hexName(config), Data: config},
			{Name: "blobs/sha256/" + hexName(string(base)), Data: string(base)},
			{Name: "blobs/sha256/" + hexName(string(app)), Data: string(app)},
			manifestFile(t, archive.DockerImage{Config: "blobs/sha256/" + hexName(config), Layers: []string{
				"blobs/sha256/" + hexName(string(base)),
				"blobs/sha256/" + hexName(string(app)),
				"blobs/sha256/" + hexName(string(base)),
			}}),
		}, []oci.Descriptor{plainBase, plainApp, plainBase}},
		{"compressed layers", []imagetest.File{
			manifestFile(t, archive.DockerImage{Config: "./config.json", Layers: []string{"./0", "1.tar.gz", "0"}}),
			{Name: "config.json", Data: config},
			{Name: "0", Data: string(zstdBase)},
			{Name: "1.tar.gz", Data: string(gzipApp)},
		}, []oci.Descriptor{layer(oci.Zstd, zstdBase), layer(oci.Gzip, gzipApp), layer(oci.Zstd, zstdBase)}},
	}
	for _, test := range tests {
		path := save(t, imagetest.Tar(t, test.files...))
		image, err := choose(t, path, importer.Choice{})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		want := oci.Manifest{
			Versioned: oci.SchemaVersion,
			MediaType: oci.MediaTypeManifest,
			Config: oci.Descriptor{MediaType: oci.MediaTypeConfig, Digest: digest.FromBytes([]byte(config)),
				Size: int64(len(config))},
			Layers: test.want,
		}
		store := make(imagetest.Store)
		root := store.AddJSON(t, oci.MediaTypeManifest, want)
		root.Platform = &oci.Platform{OS: "linux", Architecture: "amd64"}
		if string(image.Manifest) != string(store[root.Digest]) || !reflect.DeepEqual(image.Descriptor, root) {
			t.Errorf("%s: manifest %s\nwant %s\ndescriptor %+v", test.name, image.Manifest, store[root.Digest], image.Descriptor)
		}
		if string(image.Config) != config {
			t.Errorf("%s: config %s", test.name, image.Config)
		}
		for _, data := range [][]byte{base, app, zstdBase, gzipApp} {
			store.Add("", data)
		}
		if got := layers(t, path, image); !maps.Equal(got, blobs(store, want.Layers)) {
			t.Errorf("%s: blobs %q", test.name, slices.Sorted(maps.Keys(got)))
		}
		if err := image.Verify(ctx); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestDockerChoose(t *testing.T) {
	layer := imagetest.Tar(t, imagetest.File{Name: "a"})
	amd := dockerConfig(t, layer)
	arm := strings.Replace(amd, "amd64", "arm64", 1)
	path := save(t, imagetest.Tar(t,
		manifestFile(t,
			archive.DockerImage{Config: "amd.json", RepoTags: []string{"busybox:latest", "b:1"}, Layers: []string{"l"}},
			archive.DockerImage{Config: "arm.json", Layers: []string{"l"}}),
		imagetest.File{Name: "amd.json", Data: amd}, imagetest.File{Name: "arm.json", Data: arm},
		imagetest.File{Name: "l", Data: string(layer)}))
	armID := digest.FromBytes([]byte(arm)).String()
	for _, choice := range []importer.Choice{
		{Platform: &oci.Platform{OS: "linux", Architecture: "arm64"}}, {Name: armID},
	} {
		image, err := choose(t, path, choice)
		if err != nil || string(image.Config) != arm {
			t.Errorf("%s: %v", choice, err)
		}
	}
	for _, name := range []string{"busybox", "b:1", "1", "latest", "docker.io/library/busybox:latest"} {
		image, err := choose(t, path, importer.Choice{Name: name})
		if err != nil || string(image.Config) != amd {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := path + ": contains 2 images: busybox:latest, b:1 (linux/amd64), " + armID + " (linux/arm64)"
	if _, err := choose(t, path, importer.Choice{}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// Docker 25 also writes a layout, but lists an image without a name only in manifest.json.
func TestUnnamedDocker25(t *testing.T) {
	layer := imagetest.Tar(t, imagetest.File{Name: "a", Data: "a"})
	config := dockerConfig(t, layer)
	for _, index := range []string{`{"schemaVersion":2,"manifests":null}`, `{"schemaVersion":2,"manifests":[]}`} {
		blob := func(data string) string { return "blobs/sha256/" + hexName(data) }
		path := save(t, imagetest.Tar(t,
			imagetest.File{Name: "oci-layout", Data: layout.Marker},
			imagetest.File{Name: "index.json", Data: index},
			imagetest.File{Name: blob(config), Data: config},
			imagetest.File{Name: blob(string(layer)), Data: string(layer)},
			manifestFile(t, archive.DockerImage{Config: blob(config), Layers: []string{blob(string(layer))}})))
		image, err := choose(t, path, importer.Choice{})
		if err != nil || string(image.Config) != config || len(image.Layers) != 1 {
			t.Errorf("%s: %+v, %v", index, image, err)
		}
	}
}

func TestBrokenDockerArchives(t *testing.T) {
	layer := imagetest.Tar(t, imagetest.File{Name: "a", Data: "a"})
	other := imagetest.Tar(t, imagetest.File{Name: "b", Data: "b"})
	config, empty := dockerConfig(t, layer), dockerConfig(t)
	packed := string(imagetest.Pack(t, oci.Gzip, layer))
	file := func(name, data string) imagetest.File { return imagetest.File{Name: name, Data: data} }
	link := func(name, to string) imagetest.File {
		return imagetest.File{Name: name, Type: tar.TypeSymlink, Link: to}
	}
	image := archive.DockerImage{Config: "c", Layers: []string{"l"}}
	tests := []struct {
		name  string
		image archive.DockerImage
		files []imagetest.File
		want  string // the end of the error
	}{
		{"missing config", image, []imagetest.File{file("l", "")}, `config "c": blob not found`},
		{"renamed config", archive.DockerImage{Config: hexName("x") + ".json"},
			[]imagetest.File{file(hexName("x")+".json", empty)},
			`.json": content has the digest ` + digest.FromBytes([]byte(empty)).String()},
		{"config not JSON", image, []imagetest.File{file("c", "{")}, `config "c": config: unexpected EOF`},
		{"config of another image", image, []imagetest.File{file("c", empty)},
			`config "c": the manifest has 1 layers, but the config has 0 diff_ids`},
		{"missing layer", image, []imagetest.File{file("c", config)}, `layer 1 of 1: "l": blob not found`},
		{"dangling layer", image, []imagetest.File{file("c", config), link("l", "m")}, `layer 1 of 1: "l": blob not found`},
		{"layer outside", image, []imagetest.File{file("c", config), link("l", "../../etc/passwd")},
			`layer 1 of 1: "l": open l: link to "../../etc/passwd", outside the archive`},
		{"name outside", archive.DockerImage{Config: "c", Layers: []string{"../l"}}, []imagetest.File{file("c", config)},
			`layer 1 of 1: "../l": open ../l: invalid argument`},
		{"another layer", image, []imagetest.File{file("c", config), file("l", string(other))},
			"layer 1 of 1: " + digest.FromBytes(layer).String() + ": content has the digest " +
				digest.FromBytes(other).String()},
		{"another compressed layer", image,
			[]imagetest.File{file("c", config), file("l", string(imagetest.Pack(t, oci.Zstd, other)))},
			`layer 1 of 1: "l": the uncompressed tar has the digest ` + digest.FromBytes(other).String() +
				", the config requires " + digest.FromBytes(layer).String()},
		{"half a compressed layer", image, []imagetest.File{file("c", config), file("l", packed[:len(packed)-9])},
			`layer 1 of 1: "l": gzip: truncated`},
		{"more than a compressed layer", image, []imagetest.File{file("c", config), file("l", packed+"more than a layer")},
			`layer 1 of 1: "l": gzip: data after the end`},
		{"bad gzip", image, []imagetest.File{file("c", config), file("l", "\x1f\x8bnothing at all")},
			`layer 1 of 1: "l": gzip: damaged header`},
		{"bzip2", image, []imagetest.File{file("c", config), file("l", "BZh9")},
			`layer 1 of 1: "l": compressed with bzip2, which image layers do not support`},
	}
	for _, test := range tests {
		path := save(t, imagetest.Tar(t, append(test.files, manifestFile(t, test.image))...))
		image, err := choose(t, path, importer.Choice{})
		if err == nil {
			err = image.Verify(ctx)
		}
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: error %v\nwant %s", test.name, err, test.want)
		}
	}
}

// FuzzOpen checks that an image imported without an error is complete: the documents and layers have the digests in its
// manifest and descriptor.
func FuzzOpen(f *testing.F) {
	layer := imagetest.Tar(f, imagetest.File{Name: "a", Data: "a"})
	config := dockerConfig(f, layer)
	f.Add(config, manifestFile(f, archive.DockerImage{Config: "config", Layers: []string{"layer"}}).Data, "", "", layer)
	store := make(imagetest.Store)
	root := store.AddImage(f, "linux/amd64", oci.Uncompressed, "a")
	manifest := store.Manifest(f, root)
	index, err := oci.Marshal(oci.Index{Manifests: []oci.Descriptor{root}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(store[manifest.Config.Digest]), string(store[root.Digest]), "oci", string(index),
		store[manifest.Layers[0].Digest])
	f.Fuzz(func(t *testing.T, config, manifest, form, index string, layer []byte) {
		files := []imagetest.File{{Name: "config", Data: config}, {Name: "layer", Data: string(layer)}}
		if form == "oci" {
			files = []imagetest.File{{Name: "oci-layout", Data: layout.Marker}, {Name: "index.json", Data: index}}
			blobs := map[string]bool{}
			for _, data := range []string{config, manifest, string(layer)} {
				if name := "blobs/sha256/" + hexName(data); !blobs[name] {
					blobs[name] = true
					files = append(files, imagetest.File{Name: name, Data: data})
				}
			}
		} else {
			files = append(files, imagetest.File{Name: "manifest.json", Data: manifest})
		}
		image, err := choose(t, save(t, imagetest.Tar(t, files...)), importer.Choice{})
		if err != nil || image.Verify(ctx) != nil {
			return
		}
		if digest.FromBytes(image.Manifest) != image.Descriptor.Digest || string(image.Config) != config {
			t.Errorf("descriptor %+v, manifest %s, config %s", image.Descriptor, image.Manifest, image.Config)
		}
		for _, d := range image.Layers {
			if d.Digest != digest.FromBytes(layer) && d.Digest != digest.FromBytes([]byte(config)) &&
				d.Digest != digest.FromBytes([]byte(manifest)) {
				t.Errorf("layer %s is not one of the files", d.Digest)
			}
		}
	})
}
