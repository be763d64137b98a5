// Package report describes what is in an image: its layers, files, settings and bases, and how many bytes each target of the build
// and each external repository adds.
//
// It reads documents, listings, origins and a table of packages, but no layer. The sizes follow these definitions:
//   - The contents of a layer are the bytes of the regular files in its archive. Hard links have none. Headers and padding make
//     up the rest of its uncompressed size.
//   - Wasted are the contents that no path of the file system shows, because a layer replaces or deletes them.
//   - Duplicate are the contents that the file system shows more than once: for n files with the same content, n-1 of them.
//   - A compressed size of a part of a layer is an estimate: the part's share of the layer's uncompressed size.
//
// Non-goals: judging the image (package expect), differences (package difference).
package report

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/rules-strata/rules_strata/tools/internal/facts/difference"
	"github.com/rules-strata/rules_strata/tools/internal/facts/listing"
	"github.com/rules-strata/rules_strata/tools/internal/facts/origins"
	"github.com/rules-strata/rules_strata/tools/internal/facts/sbom"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Input is what a report is made of.
type Input struct {
	// Label is the target of the image, as Bazel prints it.
	Label            string
	Manifest, Config []byte
	// Bases are the images below, the nearest first.
	Bases []BaseInput
	// Listings has the listings of the layers that are part of the build.
	Listings *listing.Set
	// Origins are those of the layers, or nil.
	Origins *origins.Stack
	// Keys has the keys of layers in Origins by their digests. "" is the key of all other layers, those of an imported base.
	Keys map[digest.Digest]string
	// Packages are those of the image, or nil.
	Packages *sbom.Document
	// Before is what has changed since another image, or nil.
	Before *Comparison
}

// Comparison is what has changed since another image.
type Comparison struct {
	Label       string            `json:"label"`
	Differences difference.Report `json:"differences"`
}

// BaseInput is a base image.
type BaseInput struct {
	Label            string
	Manifest, Config []byte
}

// Report describes an image.
type Report struct {
	Label    string        `json:"label"`
	Digest   digest.Digest `json:"digest"`
	Platform string        `json:"platform"`
	// Unread is the number of layers that are not part of the build. If it is not 0, the files of those layers are missing
	// everywhere in the report, and Tree, Wasted and Duplicates are empty.
	Unread int     `json:"unread,omitempty"`
	Sizes  Sizes   `json:"sizes"`
	Layers []Layer `json:"layers"`
	Bases  []Base  `json:"bases,omitempty"`
	// Settings are those of the image and of its base, sorted by key.
	Settings []Setting `json:"settings"`
	// Targets and Repositories have the contents by the target and by the repository that they come from, the largest first.
	Targets      []Share `json:"targets"`
	Repositories []Share `json:"repositories"`
	// Packages are sorted by name. PackagesUnknown are the reasons why some may be missing.
	Packages        []Package `json:"packages,omitempty"`
	PackagesUnknown []string  `json:"packages_unknown,omitempty"`
	// Before is what has changed since another image.
	Before *Comparison `json:"before,omitempty"`
	// Tree is the merged file system.
	Tree *Directory `json:"tree,omitempty"`
	// Largest are the largest files of the file system.
	Largest []File `json:"largest,omitempty"`
	// Wasted and Duplicates have the largest ones first.
	Wasted     []Wasted    `json:"wasted,omitempty"`
	Duplicates []Duplicate `json:"duplicates,omitempty"`
}

// Sizes are sums in bytes.
type Sizes struct {
	// Compressed is the sum of the sizes of the layers, and Uncompressed that of their archives, as far as known.
	Compressed   int64 `json:"compressed"`
	Uncompressed int64 `json:"uncompressed"`
	// Contents, Headers, Visible and Wasted: Contents + Headers = Uncompressed, and Visible + Wasted = Contents.
	Contents int64 `json:"contents"`
	Headers  int64 `json:"headers"`
	Visible  int64 `json:"visible"`
	Wasted   int64 `json:"wasted"`
	// WastedInBase is the part of Wasted in the layers of the base.
	WastedInBase int64 `json:"wasted_in_base"`
	// WastedCompressed estimates the compressed size of Wasted.
	WastedCompressed int64 `json:"wasted_compressed"`
	// Duplicate is the part of Visible that is there more than once.
	Duplicate int64 `json:"duplicate"`
	// Files is the number of files that are visible.
	Files int `json:"files"`
}

// Layer is a layer of the image.
type Layer struct {
	Number    int           `json:"number"` // 1 for the lowest
	Digest    digest.Digest `json:"digest"`
	MediaType string        `json:"media_type"`
	// Label is the target that makes the layer, if it is known.
	Label     string `json:"label,omitempty"`
	CreatedBy string `json:"created_by,omitempty"`
	// Base reports whether the layer is that of the base.
	Base bool `json:"base,omitempty"`
	// Unread reports whether the layer is not part of the build. Then all that follows except Size is 0.
	Unread       bool  `json:"unread,omitempty"`
	Size         int64 `json:"size"`
	Uncompressed int64 `json:"uncompressed"`
	Entries      int   `json:"entries"`
	Contents     int64 `json:"contents"`
	Headers      int64 `json:"headers"`
	Wasted       int64 `json:"wasted"`
}

// Base is an image below.
type Base struct {
	Label string `json:"label"`
	// Name is that in a registry, if it is known.
	Name   string        `json:"name,omitempty"`
	Digest digest.Digest `json:"digest"`
	Layers int           `json:"layers"`
}

// Setting is a value of the config. Base or Image is nil if it has none.
type Setting struct {
	Key   string  `json:"key"`
	Base  *string `json:"base,omitempty"`
	Image *string `json:"image,omitempty"`
}

// Share is what a target or a repository adds to the image: contents of all layers, whether visible or not.
type Share struct {
	Name     string `json:"name"`
	Contents int64  `json:"contents"`
	// Compressed is an estimate.
	Compressed int64 `json:"compressed"`
	Files      int   `json:"files"`
}

// Directory is a directory of the file system.
type Directory struct {
	Name string `json:"name"`
	// Contents and Files are sums over everything below, each hard link once.
	Contents    int64        `json:"contents"`
	Files       int          `json:"files"`
	Directories []*Directory `json:"directories,omitempty"` // sorted by name
	Entries     []File       `json:"entries,omitempty"`     // sorted by name
}

// File is anything but a directory.
type File struct {
	Path   string `json:"path"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	Layer  int    `json:"layer"`
	Origin string `json:"origin,omitempty"` // a target
	Link   string `json:"link,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Wasted is a file of a layer that the file system does not show.
type Wasted struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Layer  int    `json:"layer"`
	Origin string `json:"origin,omitempty"`
	// Replaced is the layer whose entry is at the path instead, or 0 if the path is deleted.
	Replaced int `json:"replaced,omitempty"`
}

// Duplicate is a content that the file system shows more than once.
type Duplicate struct {
	SHA256 string   `json:"sha256"`
	Size   int64    `json:"size"` // of one
	Paths  []string `json:"paths"`
}

// Make makes a report.
func Make(ctx context.Context, in Input) (*Report, error) {
	manifest, err := parseManifest(in.Manifest)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	var config struct {
		oci.ConfigPlatform
		History []oci.History `json:"history"`
	}
	if err := oci.Unmarshal(in.Config, &config); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	r := &Report{Label: in.Label, Digest: digest.FromBytes(in.Manifest), Platform: oci.FormatPlatform(config.Platform()), Before: in.Before}
	if err := r.setBases(in); err != nil {
		return nil, err
	}
	r.setLayers(in, manifest, config.History)
	r.setPackages(in.Packages)
	if r.Settings, err = settings(in); err != nil {
		return nil, err
	}
	return r, r.setFiles(in, manifest)
}

func parseManifest(data []byte) (oci.Manifest, error) {
	var m oci.Manifest
	if err := oci.UnmarshalDistinct(data, &m); err != nil {
		return m, err
	}
	for n, d := range m.Layers {
		if err := oci.CheckDescriptor(d); err != nil {
			return m, fmt.Errorf("layer %d: %w", n+1, err)
		}
	}
	return m, nil
}

func (r *Report) setBases(in Input) error {
	for _, b := range in.Bases {
		manifest, err := parseManifest(b.Manifest)
		if err != nil {
			return fmt.Errorf("base %s: %w", b.Label, err)
		}
		base := Base{Label: b.Label, Digest: digest.FromBytes(b.Manifest), Layers: len(manifest.Layers)}
		for _, d := range manifest.Layers {
			if at, ok := in.origin(d.Digest, "/"); ok && at.Label == b.Label && at.Image != "" {
				base.Name = at.Image
			}
		}
		r.Bases = append(r.Bases, base)
	}
	return nil
}

// origin returns where a path of a layer comes from.
func (in Input) origin(layer digest.Digest, path string) (origins.Place, bool) {
	if in.Origins == nil {
		return origins.Place{}, false
	}
	key, ok := in.Keys[layer]
	if !ok {
		key = in.Keys[""]
	}
	return in.Origins.Origin(key, path)
}

func (r *Report) setLayers(in Input, manifest oci.Manifest, history []oci.History) {
	inBase := 0
	if len(r.Bases) > 0 {
		inBase = r.Bases[0].Layers
	}
	var made []string
	for _, h := range history {
		if !h.EmptyLayer {
			made = append(made, h.CreatedBy)
		}
	}
	for n, d := range manifest.Layers {
		l := Layer{Number: n + 1, Digest: d.Digest, MediaType: d.MediaType, Size: d.Size, Base: n < inBase}
		if n < len(made) {
			l.CreatedBy = made[n]
		}
		if in.Origins != nil {
			key, ok := in.Keys[d.Digest]
			if !ok {
				key = in.Keys[""]
			}
			l.Label = in.Origins.Label(key)
		}
		h, ok := in.Listings.Header(d.Digest)
		l.Uncompressed, l.Entries, l.Unread = h.UncompressedSize, h.Entries, !ok
		if !ok {
			r.Unread++
		}
		r.Layers = append(r.Layers, l)
	}
}

// settings returns the settings of the image and of its base.
func settings(in Input) ([]Setting, error) {
	base := make(map[string]string)
	if len(in.Bases) > 0 {
		var err error
		if base, err = difference.Settings(in.Bases[0].Config); err != nil {
			return nil, fmt.Errorf("base: %w", err)
		}
	}
	image, err := difference.Settings(in.Config)
	if err != nil {
		return nil, err
	}
	keys := maps.Clone(base)
	maps.Copy(keys, image)
	all := []Setting{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		s := Setting{Key: key}
		if value, ok := base[key]; ok {
			s.Base = &value
		}
		if value, ok := image[key]; ok {
			s.Image = &value
		}
		all = append(all, s)
	}
	return all, nil
}
