// Package difference compares two images: their configs, their layers and the file systems that their layers merge into.
//
// Contents of files are compared by digest. Blobs are read for it only where metadata leaves a doubt: files that come from the
// same place in the same blob are the same. With listings, no blob is read.
//
// Non-goals: differences within files, indexes.
package difference

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Report lists the differences from a first to a second image. It is empty if there are none.
type Report struct {
	// Manifest has the digests of the manifests if they differ.
	Manifest *Change `json:"manifest,omitempty"`
	// Config has the settings that differ, sorted by key. The history is not compared.
	Config []Change `json:"config,omitempty"`
	// Annotations has the annotations of the manifests that differ, sorted by key.
	Annotations []Change `json:"annotations,omitempty"`
	// Layers has the layers that only one of the images has, in their order.
	Layers []Layer `json:"layers,omitempty"`
	// Files has the paths that differ, sorted.
	Files []File `json:"files,omitempty"`
}

// IsEmpty reports whether the images do not differ in anything that the report compares.
func (r Report) IsEmpty() bool {
	return r.Manifest == nil && len(r.Config) == 0 && len(r.Annotations) == 0 && len(r.Layers) == 0 && len(r.Files) == 0
}

// LayersOnly reports whether the images differ in their layers, but not in what a container sees.
func (r Report) LayersOnly() bool {
	return r.Manifest != nil && len(r.Config) == 0 && len(r.Annotations) == 0 && len(r.Files) == 0
}

// Change is a value that differs. Before or After is nil if an image does not have it.
type Change struct {
	Key    string  `json:"key"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// Layer is a layer that one image does not have.
type Layer struct {
	// Change is "removed" or "added".
	Change string        `json:"change"`
	Digest digest.Digest `json:"digest"`
	Size   int64         `json:"size"`
}

// File is a path that differs.
type File struct {
	Path string `json:"path"`
	// Change is "removed", "added", "moved" or, for a path that both images have, what differs: "type", "content" or only
	// "metadata".
	Change string `json:"change"`
	// From is the former path of a moved file: one with the same content that the second image does not have.
	From string `json:"from,omitempty"`
	// Details has what differs of a file that both images have.
	Details []Change `json:"details,omitempty"`
}

// The values of Change.
const (
	Removed  = "removed"
	Added    = "added"
	Moved    = "moved"
	Type     = "type"
	Content  = "content"
	Metadata = "metadata"
)

// Side is one of the images: the descriptor of its manifest, and where its blobs are.
type Side struct {
	Source   content.Source
	Manifest oci.Descriptor
	// Listings, unless nil, has the listings of all layers. Then the source needs only documents.
	Listings *listing.Set
}

// documents are the parsed documents of an image.
type documents struct {
	manifest oci.Manifest
	config   []byte
}

// Of compares two images.
func Of(ctx context.Context, before, after Side) (Report, error) {
	var r Report
	a, err := before.documents(ctx)
	if err != nil {
		return r, err
	}
	b, err := after.documents(ctx)
	if err != nil {
		return r, err
	}
	if before.Manifest.Digest != after.Manifest.Digest {
		r.Manifest = change("manifest", before.Manifest.Digest.String(), after.Manifest.Digest.String())
	}
	if r.Config, err = configs(a.config, b.config); err != nil {
		return r, err
	}
	r.Annotations = changes(a.manifest.Annotations, b.manifest.Annotations)
	r.Layers = layers(a.manifest.Layers, b.manifest.Layers)
	if len(r.Layers) > 0 || !sameOrder(a.manifest.Layers, b.manifest.Layers) {
		r.Files, err = files(ctx, before, a.manifest.Layers, after, b.manifest.Layers)
	}
	return r, err
}

func (s Side) documents(ctx context.Context) (documents, error) {
	var d documents
	text, err := content.ReadAll(ctx, s.Source, s.Manifest)
	if err != nil {
		return d, fmt.Errorf("manifest: %w", err)
	}
	if d.manifest, err = oci.ParseManifest(text, s.Manifest.MediaType); err != nil {
		return d, fmt.Errorf("manifest %s: %w", s.Manifest.Digest, err)
	}
	if d.config, err = content.ReadAll(ctx, s.Source, d.manifest.Config); err != nil {
		return d, fmt.Errorf("config: %w", err)
	}
	return d, nil
}

func change(key, before, after string) *Change { return &Change{key, &before, &after} }

// configs compares the settings of two configs.
func configs(a, b []byte) ([]Change, error) {
	before, err := Settings(a)
	if err != nil {
		return nil, err
	}
	after, err := Settings(b)
	if err != nil {
		return nil, err
	}
	return changes(before, after), nil
}

// changes compares two sets of values.
func changes(before, after map[string]string) []Change {
	keys := make(map[string]string)
	maps.Copy(keys, before)
	maps.Copy(keys, after)
	var all []Change
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		x, inBefore := before[key]
		y, inAfter := after[key]
		if x == y && inBefore == inAfter {
			continue
		}
		c := Change{Key: key}
		if inBefore {
			c.Before = &x
		}
		if inAfter {
			c.After = &y
		}
		all = append(all, c)
	}
	return all
}

// Settings returns the values in a config: those of its "config" by their own names, objects in there by "NAME.KEY",
// variables as "Env.NAME", and the other keys except for the history and the layers. Values are JSON.
func Settings(text []byte) (map[string]string, error) {
	var config map[string]json.RawMessage
	if err := oci.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	all := make(map[string]string)
	for key, value := range config {
		switch key {
		case "history", "rootfs":
		case "config":
			var run map[string]json.RawMessage
			if err := json.Unmarshal(value, &run); err != nil {
				return nil, fmt.Errorf("config: config: %w", err)
			}
			for key, value := range run {
				flatten(all, key, value)
			}
		default:
			flatten(all, key, value)
		}
	}
	return all, nil
}

// flatten adds a value under its key. Empty values are left out: for an engine they are not set.
func flatten(all map[string]string, key string, value json.RawMessage) {
	var list []string
	if key == "Env" && json.Unmarshal(value, &list) == nil {
		for _, pair := range list {
			name, _, _ := strings.Cut(pair, "=")
			all["Env."+name] = pair
		}
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) == nil {
		for name, inner := range object {
			all[key+"."+name] = compact(inner)
		}
		return
	}
	if text := compact(value); !slices.Contains([]string{`""`, "null", "false", "[]"}, text) {
		all[key] = text
	}
}

func compact(value json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// layers returns the layers that only one side has, in the order of the sides.
func layers(before, after []oci.Descriptor) []Layer {
	count := make(map[digest.Digest]int)
	for _, d := range before {
		count[d.Digest]--
	}
	for _, d := range after {
		count[d.Digest]++
	}
	var all []Layer
	for _, side := range []struct {
		change string
		sign   int
		layers []oci.Descriptor
	}{{Removed, -1, before}, {Added, 1, after}} {
		for _, d := range slices.Backward(side.layers) {
			if count[d.Digest]*side.sign > 0 {
				count[d.Digest] -= side.sign
				all = append(all, Layer{side.change, d.Digest, d.Size})
			}
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b Layer) int { return -cmp.Compare(a.Change, b.Change) }) // removed, added
	return all
}

func sameOrder(a, b []oci.Descriptor) bool {
	return slices.EqualFunc(a, b, func(x, y oci.Descriptor) bool { return x.Digest == y.Digest })
}
