package check

import (
	"context"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// layersOf returns the layers of all images that can be read, the way a build knows them.
func layersOf(src content.Source, root oci.Descriptor) []oci.Descriptor {
	images, err := content.Images(context.Background(), src, root)
	if err != nil {
		return nil
	}
	var all []oci.Descriptor
	for _, image := range images {
		if oci.OCIMediaType(image.Manifest.Config.MediaType) != oci.MediaTypeConfig {
			continue // an artifact
		}
		for _, d := range image.Manifest.Layers {
			if _, err := oci.LayerCompression(d.MediaType); err == nil {
				all = append(all, d)
			}
		}
	}
	return all
}

// without is a source that lacks some blobs.
type without struct {
	content.Source
	gone map[digest.Digest]bool
}

func (w without) Open(ctx context.Context, d oci.Descriptor) (io.ReadCloser, error) {
	if w.gone[d.Digest] {
		return nil, content.ErrNotFound
	}
	return w.Source.Open(ctx, d)
}

// TestLayers checks that the check of layers by themselves, stored and read again, finds the same as the check of the whole
// image, for every way to break a layer.
func TestLayers(t *testing.T) {
	checked := 0
	for _, c := range cases {
		if c.door == throughUnreadable || c.options.MaxUncompressed > 0 || c.fault.files != nil ||
			c.fault.index != nil || c.fault.root != nil || c.fault.archive != nil {
			continue // what fails here is not the layer
		}
		files := build(t, c.fault)
		for _, lenient := range []bool{false, true} {
			o := Options{Lenient: func(int, digest.Digest) bool { return lenient }}
			src, root := memory(files), rootOf(t, files)
			want, err := Image(context.Background(), src, root, o)
			if err != nil {
				t.Fatal(err)
			}
			if want.Files > 0 {
				continue // an artifact has a layer of the other image as its file
			}
			bare := without{src, make(map[digest.Digest]bool)}
			for _, d := range layersOf(src, root) {
				report, err := Layer(context.Background(), src, d, lenient)
				if err != nil {
					continue // the image's check opens the blob, too
				}
				data, err := FormatLayers([]LayerReport{report})
				if err != nil {
					t.Fatal(err)
				}
				again, err := ParseLayers(data)
				if err != nil {
					t.Fatal(err)
				}
				o.Layers = append(o.Layers, again...)
				bare.gone[d.Digest] = true
				checked++
			}
			got, err := Image(context.Background(), bare, root, o)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s, lenient %t:\n%+v, %v\nwant\n%+v", c.rule, c.name, lenient, got, err, want)
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d layers were checked by themselves", checked)
	}
}

// TestLayerFails checks what is not a property of the layer: such a result must not be stored.
func TestLayerFails(t *testing.T) {
	files := build(t, fault{})
	src, root := memory(files), rootOf(t, files)
	d := layersOf(src, root)[0]
	for name, c := range map[string]struct {
		src  content.Source
		want string
	}{
		"missing":    {store{}, "is missing"},
		"unreadable": {failing{src, d.MediaType}, "connection lost"},
	} {
		if _, err := Layer(context.Background(), c.src, d, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Layer(ctx, src, d, false); err == nil {
		t.Error("no error after a cancellation")
	}
	if _, err := Layer(context.Background(), src, oci.Descriptor{Digest: "x"}, false); err == nil {
		t.Error("no error for an invalid descriptor")
	}
}

// TestParseLayers checks that stored results are not trusted.
func TestParseLayers(t *testing.T) {
	const good = `{"version":1,"layers":[{"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000",` +
		`"media_type":"a","size":1,"lenient":true,"entries":2,"violations":[{"where":"/entry a","rule":"layer-stream","text":"b"}]}]}`
	for _, c := range []struct{ old, new, want string }{
		{"", "", ""},
		{`"version":1`, `"version":2`, "version 2, expected 1"},
		{`sha256:0000`, `sha256:000`, "digest"},
		{`layer-stream`, `other`, `unknown rule "other"`},
		{`}]}]}`, `}]}]`, "unexpected end"},
	} {
		_, err := ParseLayers([]byte(strings.Replace(good, c.old, c.new, 1)))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.new, err, c.want)
		}
	}
}
