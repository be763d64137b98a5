package pin

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/image/lockfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// publish puts all blobs of the store into the registry, each as blob and as manifest, and gives root a tag.
func publish(store imagetest.Store, server *registrytest.Registry, root oci.Descriptor) {
	for _, data := range store {
		server.AddBlob("team/base", data)
		mediaType := oci.MediaTypeManifest
		if strings.Contains(string(data), `"manifests":`) {
			mediaType = oci.MediaTypeIndex
		}
		server.AddManifest("team/base", "sha256:none", mediaType, data)
	}
	server.AddManifest("team/base", "1", root.MediaType, store[root.Digest])
}

// pinned pins team/base:1 and returns the image as a lock file that holds it alone, which is valid.
func pinned(t *testing.T, server *registrytest.Registry, want Want) (lockfile.Image, error) {
	t.Helper()
	client := registry.NewClient(registry.Options{Wait: func(context.Context, time.Duration) error { return nil }})
	if want.Reference.Registry == "" {
		want.Reference = reference.Reference{Registry: server.Host, Repository: "team/base", Tag: "1"}
	}
	image, registries, err := Image(t.Context(), client, want)
	if err != nil {
		return image, err
	}
	file := lockfile.File{Version: 1, Registries: registries, Images: map[string]lockfile.Image{"base": image}}
	if err := file.Check(); err != nil {
		t.Errorf("what was pinned: %v", err)
	}
	return image, nil
}

func parse(t *testing.T, texts ...string) []oci.Platform {
	t.Helper()
	var all []oci.Platform
	for _, text := range texts {
		p, err := oci.ParsePlatform(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// odd returns an index as registries have them: an index inside, an image that states no platform, an attestation, an
// artifact, a second image for a platform, an arm image of each variant.
func odd(t *testing.T, store imagetest.Store) oci.Descriptor {
	add := func(platform, name string) oci.Descriptor { return store.AddImage(t, platform, oci.Gzip, name) }
	bare := add("linux/s390x", "bare")
	bare.Platform = nil
	attestation := add("unknown/unknown", "attestation")
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
		Config: store.Add("application/vnd.oci.empty.v1+json", []byte("{}")), Layers: []oci.Descriptor{},
	})
	arm64 := add("linux/arm64", "arm64")
	arm64.Platform = &oci.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	inner := store.AddIndex(t, arm64, add("linux/arm/v6", "v6"), add("linux/arm/v7", "v7"))
	other := oci.Descriptor{MediaType: "application/x", Digest: arm64.Digest}
	return store.AddIndex(t, attestation, artifact, add("linux/amd64", "amd64"), add("linux/amd64", "second"), inner, bare,
		other)
}

func TestIndex(t *testing.T) {
	store, server := make(imagetest.Store), registrytest.New(t)
	root := odd(t, store)
	publish(store, server, root)
	all := []string{"linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/s390x"}
	tests := []struct {
		want    Want
		names   []string
		indexes int
	}{
		{Want{}, []string{"linux/amd64", "linux/arm64"}, 2},
		{Want{All: true}, all, 2},
		{Want{Platforms: parse(t, "linux/arm")}, []string{"linux/arm/v7"}, 2},
		{Want{Platforms: parse(t, "linux/arm/v6", "linux/s390x")}, []string{"linux/arm/v6", "linux/s390x"}, 2},
		{Want{Platforms: parse(t, "linux/amd64", "linux/amd64/v1")}, []string{"linux/amd64"}, 1},
		{Want{Reference: reference.Reference{
			Registry: server.Host, Repository: "team/base", Tag: "none", Digest: root.Digest,
		}}, []string{"linux/amd64", "linux/arm64"}, 2},
	}
	for _, test := range tests {
		image, err := pinned(t, server, test.want)
		if err != nil {
			t.Errorf("%+v: %v", test.want, err)
			continue
		}
		names := slices.Sorted(maps.Keys(image.Platforms))
		if !reflect.DeepEqual(names, test.names) || len(image.Indexes) != test.indexes || image.Digest != root.Digest {
			t.Errorf("%+v: platforms %q, %d indexes, digest %s", test.want, names, len(image.Indexes), image.Digest)
		}
	}
	// The first of two counts, and no layer was read.
	image, _ := pinned(t, server, Want{})
	layers, err := image.Platforms["linux/amd64"].Layers()
	if want := store.AddImage(t, "linux/amd64", oci.Gzip, "amd64"); err != nil ||
		layers[0].Digest != store.Manifest(t, want).Layers[0].Digest {
		t.Errorf("layers %+v, %v", layers, err)
	}
	for _, request := range server.Requests() {
		for _, layer := range layers {
			if strings.HasSuffix(request.Path, layer.Digest.String()) {
				t.Errorf("a layer was asked for: %s", request)
			}
		}
	}
	_, err = pinned(t, server, Want{Platforms: parse(t, "linux/amd64", "linux/386", "plan9/arm")})
	want := server.Host + "/team/base:1: no image for linux/386, plan9/arm; available: linux/amd64, linux/arm64, " +
		"linux/arm/v6, linux/arm/v7, linux/s390x"
	if platform := (*content.PlatformError)(nil); !errors.As(err, &platform) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestSingle(t *testing.T) {
	store, server := make(imagetest.Store), registrytest.New(t)
	root := store.AddImage(t, "linux/riscv64", oci.Gzip, "a")
	publish(store, server, root)
	for _, want := range []Want{{}, {All: true}, {Platforms: parse(t, "linux/riscv64")}} {
		image, err := pinned(t, server, want)
		if err != nil || image.Indexes != nil || image.Platforms["linux/riscv64"].Manifest.Digest != root.Digest {
			t.Errorf("%+v: %+v, %v", want, image, err)
		}
	}
	_, err := pinned(t, server, Want{Platforms: parse(t, "linux/amd64")})
	if err == nil || !strings.HasSuffix(err.Error(), ": no image for linux/amd64; available: linux/riscv64") {
		t.Errorf("error %v", err)
	}
}

// A schema-2 image of Docker whose config does not say what it is for.
func TestDocker(t *testing.T) {
	store, server := make(imagetest.Store), registrytest.New(t)
	root := store.AddJSON(t, oci.DockerMediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.DockerMediaTypeManifest, Layers: []oci.Descriptor{},
		Config: store.Add(oci.DockerMediaTypeConfig, []byte(`{"rootfs":{"type":"layers"}}`)),
	})
	publish(store, server, root)
	for want, platforms := range map[string][]oci.Platform{
		"any platform":             nil,
		"linux/amd64, linux/arm64": parse(t, "linux/amd64", "linux/arm64"),
	} {
		want = ": no image for " + want + "; available: one whose config states no platform"
		if _, err := pinned(t, server, Want{Platforms: platforms}); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	image, err := pinned(t, server, Want{Platforms: parse(t, "linux/arm/v7")})
	if err != nil || image.Platforms["linux/arm/v7"].Manifest.MediaType != oci.DockerMediaTypeManifest {
		t.Errorf("%+v, %v", image, err)
	}
}

func TestRegistries(t *testing.T) {
	store := make(imagetest.Store)
	tokens := registrytest.NewTokenServer(t, "u", "p")
	server, mirror := registrytest.NewBearer(t, tokens), registrytest.NewBasic(t, "u", "p")
	root := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	publish(store, server, root)
	image, registries, err := Image(t.Context(), registry.NewClient(registry.Options{}), Want{
		Reference: reference.Reference{Registry: server.Host, Repository: "team/base", Tag: "1"},
		Mirrors:   []reference.Reference{{Registry: mirror.Host, Repository: "m"}},
	})
	if err != nil || !reflect.DeepEqual(image.Mirrors, []string{mirror.Host + "/m"}) {
		t.Fatalf("mirrors %q, %v", image.Mirrors, err)
	}
	got := registries[server.Host].Auth
	if got == nil || got.Scheme != "bearer" || !strings.HasPrefix(got.Realm, "http://") ||
		registries[server.Host].URL != server.URL {
		t.Errorf("registry %+v, %+v", registries[server.Host], got)
	}
	if want := (lockfile.Registry{URL: mirror.URL, Auth: &lockfile.Auth{Scheme: "basic"}}); !reflect.DeepEqual(
		registries[mirror.Host], want) {
		t.Errorf("mirror %+v, want %+v", registries[mirror.Host], want)
	}
}

// Hostile and broken answers.
func TestRefuses(t *testing.T) {
	deep := func(t *testing.T, store imagetest.Store) oci.Descriptor {
		root := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
		for range 9 {
			root = store.AddIndex(t, root)
		}
		return root
	}
	nameless := func(t *testing.T, store imagetest.Store) oci.Descriptor { // No entry is an image, each has to be looked into.
		entry := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion})
		return store.AddIndex(t, slices.Repeat([]oci.Descriptor{entry}, 1001)...)
	}
	missing := func(t *testing.T, store imagetest.Store) oci.Descriptor {
		root := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
		delete(store, store.Manifest(t, root).Config.Digest)
		return root
	}
	none := func(t *testing.T, store imagetest.Store) oci.Descriptor { return store.AddIndex(t) }
	artifact := func(t *testing.T, store imagetest.Store) oci.Descriptor {
		return store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
			Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
			Config: store.Add("application/vnd.x", []byte("{}")), Layers: []oci.Descriptor{},
		})
	}
	traversal := func(t *testing.T, store imagetest.Store) oci.Descriptor {
		return store.AddIndex(t, oci.Descriptor{MediaType: oci.MediaTypeIndex, Digest: "sha256:../../x"})
	}
	for name, test := range map[string]struct {
		make func(*testing.T, imagetest.Store) oci.Descriptor
		want string
	}{
		"deep":      {deep, "indexes nest more than 8 deep"},
		"nameless":  {nameless, "more than 1000 entries state no platform"},
		"missing":   {missing, "config: HOST/team/base: blob sha256:"},
		"none":      {none, "no image for linux/amd64, linux/arm64; available: none"},
		"artifact":  {artifact, `not an image: the config has the media type "application/vnd.x"`},
		"traversal": {traversal, `digest "sha256:../../x"`},
	} {
		store, server := make(imagetest.Store), registrytest.New(t)
		publish(store, server, test.make(t, store))
		_, err := pinned(t, server, Want{})
		if want := strings.ReplaceAll(test.want, "HOST", server.Host); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
	server := registrytest.New(t)
	if _, err := pinned(t, server, Want{}); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("no image: %v", err)
	}
}
