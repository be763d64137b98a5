package place_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/check"
	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/place"
	"github.com/rules-strata/rules_strata/tools/internal/registry"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// addReferrer adds an artifact of a type that refers to the subject.
func addReferrer(t *testing.T, store imagetest.Store, kind string, subject oci.Descriptor) oci.Descriptor {
	t.Helper()
	empty := store.Add(oci.MediaTypeEmpty, []byte("{}"))
	d := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest, ArtifactType: kind, Config: empty,
		Layers:  []oci.Descriptor{empty},
		Subject: &oci.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	})
	d.ArtifactType = kind
	return d
}

// TestReferrers copies an index with referrers of itself, of an image and of a referrer through all forms that have them.
func TestReferrers(t *testing.T) {
	for _, kind := range []registrytest.Referrers{{}, {API: true}, {API: true, Header: true, UnknownSubject: 404}} {
		t.Chdir(t.TempDir())
		server := registrytest.New(t)
		server.Referrers = kind
		client := registry.NewClient(registry.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
		store := make(imagetest.Store)
		image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
		index := store.AddIndex(t, image)
		sbom := addReferrer(t, store, "example/sbom", index)
		source := place.Image{Root: index, Source: store, Tag: "v1", Referrers: []oci.Descriptor{
			sbom, addReferrer(t, store, "example/scan", image), addReferrer(t, store, "example/signature", sbom),
		}}
		want := make(map[digest.Digest]string)
		for _, d := range source.Referrers {
			want[d.Digest] = d.ArtifactType
		}
		for _, to := range []string{
			server.Host + "/a:v1", "./layout", server.Host + "/b:v1", "./archive.tar", server.Host + "/c:v1",
		} {
			target, err := place.ParseTarget(to)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (place.Writer{Client: client}).Write(t.Context(), target, source); err != nil {
				t.Fatalf("%+v: %s: %v", kind, to, err)
			}
			address, err := place.ParseSource(to)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := place.Opener{Client: client}.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			root, err := opened.Root()
			if err != nil {
				t.Fatal(err)
			}
			found, err := opened.Referrers(t.Context(), root.Descriptor)
			if err != nil {
				t.Fatalf("%+v: %s: %v", kind, to, err)
			}
			got := make(map[digest.Digest]string)
			for _, d := range found {
				got[d.Digest] = d.ArtifactType
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: %s: referrers %v, want %v", kind, to, got, want)
			}
			source = place.Image{Root: root.Descriptor, Source: opened.Source, Tag: "v1", Referrers: found}
		}
		report, err := check.Layout(t.Context(), "layout", check.Options{})
		if err != nil || len(report.Violations) > 0 {
			t.Errorf("%v, %v", report.Violations, err)
		}
	}
}

// TestManyReferrers has a registry with more referrers than anybody needs.
func TestManyReferrers(t *testing.T) {
	server := registrytest.New(t)
	store := make(imagetest.Store)
	image := store.AddImage(t, "linux/amd64", oci.Gzip, "a")
	for _, data := range store {
		server.AddBlob("x", data)
	}
	server.AddManifest("x", "v1", oci.MediaTypeManifest, store[image.Digest])
	var many []oci.Descriptor
	for i := range 1001 {
		many = append(many, oci.Descriptor{
			MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(fmt.Append(nil, i)), Size: 1, ArtifactType: "a/b",
		})
	}
	index := store.AddIndex(t, many...)
	server.AddManifest("x", registry.ReferrersTag(image.Digest), oci.MediaTypeIndex, store[index.Digest])
	address, err := place.ParseSource(server.Host + "/x:v1")
	if err != nil {
		t.Fatal(err)
	}
	opened, err := place.Opener{Client: registry.NewClient(registry.Options{})}.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	_, err = opened.Referrers(t.Context(), image)
	if want := image.Digest.String() + ": more than 1000 referrers"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
