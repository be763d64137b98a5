// Package oci defines the documents of image-spec 1.1 and their single encoding.
//
// The types are those of opencontainers/image-spec, except for a field that it reserves. The package fixes details that
// the specification leaves open: the bytes of a document (compact JSON, keys in the order of the structs, no trailing
// newline), strict parsing, and the media types of Docker's older format with their OCI counterparts.
package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	specs "github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// The documents, as image-spec defines them.
type (
	// ImageConfig describes how to run an image ("config.md", config).
	ImageConfig = v1.ImageConfig
	// RootFS lists the uncompressed layers of an image ("config.md", rootfs).
	RootFS = v1.RootFS
	// History describes how one layer was made ("config.md", history).
	History = v1.History
)

// MaxDocument is the largest manifest, index or config that is read into memory, in bytes. Registries reject more than
// 4 MiB; real configs are far smaller.
const MaxDocument = 8 << 20

// SchemaVersion is the value of schemaVersion in manifests and indexes.
var SchemaVersion = specs.Versioned{SchemaVersion: 2}

// Marshal returns the JSON of v: compact, keys in struct order, maps sorted, no HTML escapes, no trailing newline.
// Equal values have equal bytes.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Unmarshal reads one JSON value from data into v. Unknown keys are ignored, as the specification requires; anything but
// white space after the value is an error.
func Unmarshal(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("empty document")
		}
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("trailing data after the JSON value at byte %d", dec.InputOffset())
	}
	return nil
}
