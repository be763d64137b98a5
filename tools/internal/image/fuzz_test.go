package image

import (
	"encoding/json"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// FuzzConfig passes arbitrary bytes as a base's config. An accepted config must give a config that is a fixed point: used
// as a base it is returned byte for byte, and its history has one entry per layer.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(fill(onBase(`{"Env":["A=1"],"Vendor":[1.0],"ExposedPorts":{"80":{}}}`))))
	f.Add([]byte(fill(`{PLATFORM,"vendor":{"a":"\u003c\ud800"},"rootfs":{"type":"layers","diff_ids":["D1"]}}`)))
	f.Fuzz(func(t *testing.T, base []byte) {
		first, err := Config(base, []Layer{{DiffID: one}}, Settings{})
		if err != nil {
			return
		}
		var decoded struct {
			RootFS  oci.RootFS    `json:"rootfs"`
			History []oci.History `json:"history"`
		}
		if err := oci.Unmarshal(first.Bytes, &decoded); err != nil {
			t.Fatalf("%s: %v", first.Bytes, err)
		}
		layers := 0
		for _, entry := range decoded.History {
			if !entry.EmptyLayer {
				layers++
			}
		}
		if layers != len(decoded.RootFS.DiffIDs) {
			t.Errorf("%s: history of %d layers", first.Bytes, layers)
		}
		second, err := Config(first.Bytes, nil, Settings{})
		if err != nil {
			t.Fatalf("%s: %v", first.Bytes, err)
		}
		if string(second.Bytes) != string(first.Bytes) {
			t.Errorf("first  %s\nsecond %s", first.Bytes, second.Bytes)
		}
	})
}

// FuzzManifest passes arbitrary bytes as a base's manifest. An accepted one must give a manifest that is a fixed point.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(fill(`{"schemaVersion":2,"config":` + dockerConfig + `,"layers":null,"annotations":{"a":"b"}}`)))
	f.Add([]byte(fill(`{"schemaVersion":2,"config":` + ociConfig + `,"layers":[{"mediaType":` +
		`"application/vnd.docker.image.rootfs.diff.tar","digest":"D1","size":2,"urls":["x"],"platform":{}}]}`)))
	f.Fuzz(func(t *testing.T, base []byte) {
		first, err := Manifest(configDescriptor(), base, []oci.Descriptor{layer(oci.MediaTypeLayer, two)}, nil)
		if err != nil {
			return
		}
		if !json.Valid(first.Bytes) {
			t.Fatalf("%s is not JSON", first.Bytes)
		}
		second, err := Manifest(configDescriptor(), first.Bytes, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", first.Bytes, err)
		}
		if string(second.Bytes) != string(first.Bytes) {
			t.Errorf("first  %s\nsecond %s", first.Bytes, second.Bytes)
		}
	})
}
