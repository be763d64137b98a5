package check

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// fuzzLimit bounds the decompressed size of a fuzzed layer.
const fuzzLimit = 1 << 20

// wrap makes an image whose only layer is the blob, and returns its source and descriptor.
func wrap(blob, config []byte, mediaType string) (store, oci.Descriptor) {
	s := store{}
	put := func(mediaType string, data []byte) oci.Descriptor {
		d := digest.FromBytes(data)
		s[blobPath(d)] = openBytes(data)
		return oci.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
	}
	manifest, err := oci.Marshal(oci.Manifest{
		Versioned: oci.SchemaVersion, MediaType: oci.MediaTypeManifest,
		Config: put(oci.MediaTypeConfig, config), Layers: []oci.Descriptor{put(mediaType, blob)},
	})
	if err != nil {
		panic(err)
	}
	return s, put(oci.MediaTypeManifest, manifest)
}

// inspectTwice checks an image twice, and checks that the results agree and contain only listed rules.
func inspectTwice(t *testing.T, s store, root oci.Descriptor) Report {
	t.Helper()
	o := Options{MaxUncompressed: fuzzLimit}
	first, err := Image(context.Background(), s, root, o)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Image(context.Background(), s, root, o)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Fatalf("two checks differ:\n%v\n%v, %v", first, second, err)
	}
	for _, v := range first.Violations {
		if _, ok := houseRules[v.Rule]; !ok {
			t.Fatalf("the rule %q is not listed", v.Rule)
		}
	}
	return first
}

// FuzzLayer checks layers of arbitrary bytes. archive/tar must be able to read a layer without violations, and must
// find the same number of entries.
func FuzzLayer(f *testing.F) {
	for _, entries := range goodLayers() {
		data := writeTar(f, entries)
		f.Add(data, byte(0))
		f.Add(pack(f, oci.Gzip, data), byte(1))
		f.Add(pack(f, oci.Zstd, data), byte(2))
	}
	for _, c := range tarCases {
		data := writeTar(f, goodLayers()[c.fault.layer])
		f.Add(edit(c.fault.tar, data), byte(0))
	}
	config := []byte(`{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}`)
	f.Fuzz(func(t *testing.T, blob []byte, codec byte) {
		mediaType := []oci.Compression{oci.Uncompressed, oci.Gzip, oci.Zstd}[codec%3].MediaType()
		s, root := wrap(blob, config, mediaType)
		report := inspectTwice(t, s, root)
		for _, v := range report.Violations {
			if v.Rule != ruleConfigLayerCount {
				return
			}
		}
		if mediaType != oci.MediaTypeLayer {
			return
		}
		n := 0
		for r := tar.NewReader(bytes.NewReader(blob)); ; n++ {
			if _, err := r.Next(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("no violation, but archive/tar cannot read it: %v", err)
			}
		}
		if n != report.Entries {
			t.Fatalf("%d entries, archive/tar finds %d", report.Entries, n)
		}
	})
}

// FuzzConfig checks configs of arbitrary bytes.
func FuzzConfig(f *testing.F) {
	for _, c := range slices.Concat(jsonCases, imageCases) {
		for _, data := range build(f, c.fault) {
			if bytes.Contains(data, []byte(`"rootfs"`)) && len(data) < 1<<16 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		s, root := wrap(make([]byte, 1024), config, oci.MediaTypeLayer)
		inspectTwice(t, s, root)
	})
}

// FuzzManifest checks manifests and indexes of arbitrary bytes.
func FuzzManifest(f *testing.F) {
	for _, c := range descriptorCases {
		for _, data := range build(f, c.fault) {
			if bytes.Contains(data, []byte(`"schemaVersion"`)) && len(data) < 1<<16 {
				f.Add(data, bytes.Contains(data, []byte(`"manifests"`)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, isIndex bool) {
		s, _ := wrap(make([]byte, 1024), []byte("{}"), oci.MediaTypeLayer)
		d := oci.Descriptor{MediaType: oci.MediaTypeManifest, Digest: digest.FromBytes(data), Size: int64(len(data))}
		if isIndex {
			d.MediaType = oci.MediaTypeIndex
		}
		s[blobPath(d.Digest)] = openBytes(data)
		inspectTwice(t, s, d)
	})
}
