// Package lockfile reads and writes images.lock.json, which pins base images and contains everything except their layers.
//
// People read lock files in reviews, and so does Starlark, which has no base64 and no SHA-256. Therefore a lock file
// contains documents as verbatim text, split into short lines; entries are sorted, and equal contents have equal bytes.
// See docs/base-images.md for the format.
//
// Non-goals: requests to registries (package pin), keeping layers.
package lockfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rules-strata/rules_strata/tools/internal/atomicfile"
	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

// Version is the version of the format.
const Version = 1

// maxFile is the largest lock file that is read, in bytes.
const maxFile = 64 << 20

// File is a lock file.
type File struct {
	// Version is the version of the format.
	Version int `json:"version"`
	// Registries are the registries in the images' references and mirrors, by their names in references.
	Registries map[string]Registry `json:"registries"`
	// Images are the images, by their names in builds.
	Images map[string]Image `json:"images"`
}

// Registry is the address of a registry and the authentication that it requires.
type Registry struct {
	// URL is the base address of its API, without "/v2/": "https://registry-1.docker.io".
	URL string `json:"url"`
	// Auth is the required authentication, or nil if pulling requires none.
	Auth *Auth `json:"auth,omitempty"`
}

// Auth is the authentication that a registry requires: the challenge of RFC 9110, section 11.
type Auth struct {
	// Scheme is "basic" or "bearer".
	Scheme string `json:"scheme"`
	// Realm is the address of the token server, and Service its name for the registry. Both are only for "bearer".
	Realm   string `json:"realm,omitempty"`
	Service string `json:"service,omitempty"`
}

// Learn records a registry. Required authentication is discovered per repository and kept per registry, so a public
// repository does not replace the authentication that another repository requires.
func Learn(registries map[string]Registry, name string, r Registry) {
	if known, ok := registries[name]; !ok || !known.Covers(r) {
		registries[name] = r
	}
}

// Covers reports whether a client configured with r also works for other: both are the same, or other has the same
// address and requires no authentication.
func (r Registry) Covers(other Registry) bool {
	if r.URL != other.URL {
		return false
	}
	return other.Auth == nil || r.Auth != nil && *r.Auth == *other.Auth
}

// Image is one pinned image.
type Image struct {
	// Reference is the image's full name, with the requested tag or digest.
	Reference string `json:"reference"`
	// Digest is the digest of the index or manifest to which the reference resolved when it was pinned.
	Digest digest.Digest `json:"digest"`
	// Mirrors are repositories with the same blobs, tried before the reference's own, as "registry/repository".
	Mirrors []string `json:"mirrors,omitempty"`
	// NoShape means that the shapes of its layers are not recorded.
	NoShape bool `json:"noShape,omitempty"`
	// Indexes are the indexes that lead to the manifests, the outermost first. It is empty if the reference names a
	// manifest.
	Indexes []Document `json:"indexes,omitempty"`
	// Platforms are the images by platform, in the form of oci.FormatPlatform: "linux/arm64".
	Platforms map[string]Platform `json:"platforms"`
}

// Platform is the image for one platform.
type Platform struct {
	Manifest Document `json:"manifest"`
	Config   Document `json:"config"`
	// Shape is the combined shape of all layers (package shape), or nil if it is not known.
	Shape Text `json:"shape,omitempty"`
}

// Document is a manifest, an index or a config.
type Document struct {
	MediaType string        `json:"mediaType"`
	Digest    digest.Digest `json:"digest"`
	// Text is the document's bytes.
	Text Text `json:"text"`
}

// Descriptor returns the document's descriptor.
func (d Document) Descriptor() oci.Descriptor {
	return oci.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: int64(len(d.Text))}
}

// Read reads the lock file at path and checks all of it (see [File.Check]).
func Read(path string) (*File, error) {
	f, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, message.Hint(fmt.Errorf("%s: the file does not exist", path),
			"\"lock add NAME REFERENCE\" creates it; --lock names another file")
	}
	return f, err
}

// ReadOrNew is like Read, but returns an empty lock file if the file does not exist.
func ReadOrNew(path string) (*File, error) {
	f, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{Version: Version, Registries: map[string]Registry{}, Images: map[string]Image{}}, nil
	}
	return f, err
}

func read(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d bytes, the limit is %d", path, info.Size(), maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := f.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func parse(data []byte) (*File, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := oci.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("not a lock file: %w", err)
	}
	if version.Version != Version {
		return nil, fmt.Errorf("unknown version %d, expected %d", version.Version, Version)
	}
	f := new(File)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return nil, err
	}
	if f.Registries == nil {
		f.Registries = map[string]Registry{}
	}
	if f.Images == nil {
		f.Images = map[string]Image{}
	}
	return f, nil
}

// Marshal returns the bytes of the lock file: indented, sorted JSON with a trailing newline. It omits registries that no
// image uses.
func (f *File) Marshal() ([]byte, error) {
	used := make(map[string]Registry)
	for _, image := range f.Images {
		sources, err := image.Sources()
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			used[source.Registry] = f.Registries[source.Registry]
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(File{Version: f.Version, Registries: used, Images: f.Images})
	return b.Bytes(), err
}

// Write checks f and writes it to the file at path, atomically.
func (f *File) Write(path string) error {
	if err := f.Check(); err != nil {
		return err
	}
	data, err := f.Marshal()
	if err != nil {
		return err
	}
	return atomicfile.WriteDurably(path, data)
}
