package content_test

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// describe returns the digest, the platform and the number of indexes of each image.
func describe(images []content.Image) []string {
	var all []string
	for _, image := range images {
		all = append(all, image.Descriptor.Digest.String()+" "+oci.FormatPlatform(image.Platform)+" "+
			strconv.Itoa(len(image.Indexes)))
	}
	return all
}

func TestImages(t *testing.T) {
	store := make(imagetest.Store)
	amd := store.AddImage(t, "linux/amd64", oci.Gzip, "amd")
	arm := store.AddImage(t, "linux/arm/v6", oci.Gzip, "arm")
	bare := store.AddImage(t, "linux/s390x", oci.Gzip, "bare")
	bare.Platform = nil
	partial := store.AddImage(t, "linux/riscv64", oci.Gzip, "partial")
	partial.Platform = &oci.Platform{OS: "linux"}
	attestation := store.AddImage(t, "unknown/unknown", oci.Gzip, "attestation")
	marked := store.AddImage(t, "linux/amd64", oci.Gzip, "marked")
	marked.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest"}
	artifact := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, Config: store.Add("application/vnd.example", []byte("{}")),
	})
	stated := store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{
		Versioned: oci.SchemaVersion, Config: store.Add("application/vnd.other", []byte("{}")),
	})
	stated.Platform = &oci.Platform{OS: "wasi", Architecture: "wasm"}
	other := store.Add("application/vnd.other", nil)
	root := store.AddIndex(t, attestation, marked, artifact, other, store.AddIndex(t, arm, arm), amd, stated, bare, partial)
	line := func(d oci.Descriptor, rest string) string { return d.Digest.String() + " " + rest }
	want := []string{line(arm, "linux/arm/v6 2"), line(amd, "linux/amd64 1"), line(bare, "linux/s390x 1"),
		line(partial, "linux/riscv64 1")}

	images, err := content.Images(ctx, store, root)
	if err != nil || !reflect.DeepEqual(describe(images), want) {
		t.Errorf("images %q, %v\nwant %q", describe(images), err, want)
	}
	for _, image := range images {
		if manifest := store.Manifest(t, image.Descriptor); !reflect.DeepEqual(image.Manifest, manifest) {
			t.Errorf("manifest %+v, want %+v", image.Manifest, manifest)
		}
	}
	// An image that is the root is listed like one in an index.
	for _, d := range []oci.Descriptor{amd, bare} {
		images, err := content.Images(ctx, store, d)
		if err != nil || len(images) != 1 || images[0].Descriptor.Digest != d.Digest || images[0].Platform.OS != "linux" {
			t.Errorf("images of %s: %q, %v", d.Digest, describe(images), err)
		}
	}
	// Entries that state their platform are not read.
	delete(store, amd.Digest)
	delete(store, stated.Digest)
	want = slices.Insert(want, 2, line(stated, "wasi/wasm 1"))
	if images, err := content.ListImages(ctx, store, root); err != nil || !reflect.DeepEqual(describe(images), want) {
		t.Errorf("listed %q, %v\nwant %q", describe(images), err, want)
	}
	if _, err := content.Images(ctx, store, root); !errors.Is(err, content.ErrNotFound) {
		t.Errorf("a missing manifest: error %v", err)
	}
}

func TestImagesFails(t *testing.T) {
	store := make(imagetest.Store)
	config := func(d oci.Descriptor) oci.Descriptor {
		return store.AddJSON(t, oci.MediaTypeManifest, oci.Manifest{Versioned: oci.SchemaVersion, Config: d})
	}
	missing := oci.Descriptor{MediaType: oci.MediaTypeConfig, Digest: digest.FromBytes(nil)}
	broken := store.Add(oci.MediaTypeConfig, []byte("]"))
	text := store.Add(oci.MediaTypeManifest, []byte("["))
	var wide []oci.Descriptor
	for n := range 1001 {
		wide = append(wide, oci.Descriptor{
			MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes([]byte(strconv.Itoa(n))),
			Platform: &oci.Platform{OS: "linux", Architecture: "amd64"},
		})
	}
	many := store.AddIndex(t, wide...)
	for n := range wide {
		wide[n].Platform = nil
	}
	nameless := store.AddIndex(t, wide...)
	for _, test := range []struct {
		root oci.Descriptor
		want string
	}{
		{config(missing), "config: " + missing.Digest.String() + ": blob not found"},
		{config(oci.Descriptor{MediaType: oci.MediaTypeConfig, Digest: "x"}),
			`config: digest "x": invalid checksum digest format`},
		{config(broken), "config " + broken.Digest.String() + ": invalid character ']' looking for beginning of value"},
		{text, "manifest " + text.Digest.String() + ": unexpected EOF"},
		{many, "index " + many.Digest.String() + ": more than 1000 images"},
		// No entry is read: that would be another error.
		{nameless, "index " + nameless.Digest.String() + ": more than 1000 entries state no platform"},
	} {
		if _, err := content.ListImages(ctx, store, test.root); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

func TestChoose(t *testing.T) {
	var images []content.Image
	for _, text := range []string{"linux/arm/v6", "linux/arm/v7", "linux/amd64", "linux/arm64/v8", "linux/arm64"} {
		platform, err := oci.ParsePlatform(text)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, content.Image{Platform: platform})
	}
	images = append(images, content.Image{})
	const have = "; available: linux/arm/v6, linux/arm/v7, linux/amd64, linux/arm64, one whose config states no platform"
	for want, place := range map[string]int{
		"linux/arm": 1, "linux/arm/v6": 0, "linux/arm/v7": 1, "linux/amd64": 2, "linux/amd64/v1": 2, "linux/arm64": 3,
		"linux/arm64/v8": 3, "linux/s390x": -1, "linux/arm64/v9": -1,
	} {
		platform, err := oci.ParsePlatform(want)
		if err != nil {
			t.Fatal(err)
		}
		chosen, err := content.Choose(images, platform)
		var refusal *content.PlatformError
		switch {
		case place >= 0 && (err != nil || !reflect.DeepEqual(chosen, images[place])):
			t.Errorf("%s: %+v, %v, want %+v", want, chosen, err, images[place])
		case place < 0 && (!errors.As(err, &refusal) || err.Error() != "no image for "+want+have):
			t.Errorf("%s: error %v", want, err)
		}
	}
	if got := (&content.PlatformError{}).Error(); got != "no image for any platform; available: none" {
		t.Errorf("error %q", got)
	}
}
