// Package wire reads and writes the small JSON files that pass from one tool to the next.
//
// Each file is a descriptor of image-spec 1.1; a layer's also has the fields that a config needs. No other package reads
// or writes these files, and only programs import this one: the packages that do the work get typed values.
package wire

import (
	"cmp"
	"fmt"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
)

// Layer is the descriptor of a layer, as mklayer writes it.
type Layer struct {
	MediaType   string            `json:"mediaType"`
	Digest      digest.Digest     `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// DiffID is the digest of the uncompressed tar.
	DiffID digest.Digest `json:"diff_id"`
	// UncompressedSize is the size of the uncompressed tar, in bytes. It is 0 for a layer with Sources, which was not read.
	UncompressedSize int64 `json:"uncompressed_size"`
	// History is the entry that the layer adds to a config; it describes the layer's contents. mklayer always writes one.
	History *oci.History `json:"history,omitempty"`
	// Kept reports that the blob is an archive that the build did not write, byte for byte.
	Kept bool `json:"kept,omitempty"`
	// Sources are the repositories that have the blob, as "registry/repository", in order of preference. Only layers of a
	// base in a registry have them; a layer made by the build has none.
	Sources []string `json:"sources,omitempty"`
	// Base is the digest of the base image that a layer with Sources belongs to. It is in the last of them.
	Base digest.Digest `json:"base,omitempty"`
	// Programs maps each architecture, a GOARCH value, that the layer has machine code for to the path of one such file.
	// It is empty for a layer that was not read file by file.
	Programs map[string]string `json:"programs,omitempty"`
	// Environment is what a config sets for the programs in the layer.
	Environment *Environment `json:"environment,omitempty"`
	// Packages are the archives of packages whose contents the layer has, sorted by their digests.
	Packages []Package `json:"packages,omitempty"`
}

// Package is the archive of a package: that of Debian has a name, that of Conda a URI.
type Package struct {
	Name   string        `json:"name,omitempty"`
	URI    string        `json:"uri,omitempty"`
	Digest digest.Digest `json:"digest"`
}

// ComparePackages compares packages by their digests, and archives with the same digest by their names.
func ComparePackages(a, b Package) int {
	return cmp.Or(cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Name, b.Name), cmp.Compare(a.URI, b.URI))
}

// Environment is a change of the environment variables of an image that a layer brings.
type Environment struct {
	// Path has absolute directories that go in front of PATH, the first one first.
	Path []string `json:"path,omitempty"`
	// Variables are set in addition to PATH.
	Variables map[string]string `json:"variables,omitempty"`
}

// Descriptor returns the part of l that is in a manifest.
func (l Layer) Descriptor() oci.Descriptor {
	return oci.Descriptor{MediaType: l.MediaType, Digest: l.Digest, Size: l.Size, Annotations: l.Annotations}
}

// ReadLayer reads a layer's descriptor from the file at path.
func ReadLayer(path string) (Layer, error) {
	return readLayer(path, func(l Layer) error {
		if _, err := oci.LayerCompression(l.MediaType); err != nil {
			return err
		}
		if _, err := digest.Parse(string(l.DiffID)); err != nil {
			return fmt.Errorf("diff_id: %w", err)
		}
		return nil
	})
}

// ReadBlob reads the descriptor of a layer, or of a file in an artifact as mkblob writes it, from the file at path. The
// latter has any media type but a document's, and no DiffID.
func ReadBlob(path string) (Layer, error) {
	return readLayer(path, func(l Layer) error {
		if oci.IsDocument(l.MediaType) {
			return fmt.Errorf("media type %q is that of a document, not of a layer or a file", l.MediaType)
		}
		return nil
	})
}

func readLayer(path string, check func(Layer) error) (Layer, error) {
	var l Layer
	if err := read(path, &l); err != nil {
		return Layer{}, err
	}
	if err := check(l); err != nil {
		return Layer{}, fmt.Errorf("%s: %w", path, err)
	}
	for _, source := range l.Sources {
		if _, err := reference.ParseRepository(source); err != nil {
			return Layer{}, fmt.Errorf("%s: sources: %w", path, err)
		}
	}
	for _, p := range l.Packages {
		if _, err := digest.Parse(string(p.Digest)); err != nil {
			return Layer{}, fmt.Errorf("%s: packages: %w", path, err)
		}
	}
	if l.Base != "" {
		if _, err := digest.Parse(string(l.Base)); err != nil {
			return Layer{}, fmt.Errorf("%s: base: %w", path, err)
		}
	}
	return l, checkDescriptor(path, l.Descriptor())
}

// ReadDescriptor reads the descriptor of an image, an index or a config from the file at path.
func ReadDescriptor(path string) (oci.Descriptor, error) {
	var d oci.Descriptor
	if err := read(path, &d); err != nil {
		return oci.Descriptor{}, err
	}
	return d, checkDescriptor(path, d)
}

// Write writes v, a Layer or an oci.Descriptor, to the file at path.
func Write(path string, v any) error {
	data, err := oci.Marshal(v)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

func read(path string, v any) error {
	data, err := ReadDocument(path)
	if err != nil {
		return err
	}
	if err := oci.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: not a descriptor: %w", path, err)
	}
	return nil
}

func checkDescriptor(path string, d oci.Descriptor) error {
	if d.MediaType == "" {
		return fmt.Errorf("%s: not a descriptor: mediaType is missing", path)
	}
	if err := oci.CheckDescriptor(d); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
