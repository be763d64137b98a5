// Schema checks every document of an OCI image layout against the JSON schemas of image-spec.
//
// Usage: schema LAYOUT...
//
// It reads oci-layout and index.json, follows each descriptor to the manifests, indexes and configs behind it, and
// prints each document that its schema refuses, one a line. The exit code is 1 if there was any, and also if a layout
// holds a document whose media type has no schema: what was not looked at is not in order.
//
// It is a separate module, so that the schemas' dependencies are not those of the tools.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/image-spec/schema"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: schema LAYOUT...")
		os.Exit(2)
	}
	code := 0
	for _, dir := range os.Args[1:] {
		l := read(dir)
		fmt.Printf("%s: %d documents, %d refused\n", dir, l.checked, len(l.refused))
		for _, line := range l.refused {
			fmt.Println(line)
			code = 1
		}
	}
	os.Exit(code)
}

// A layout is one image layout and what was found in it.
type layout struct {
	dir     string
	checked int
	refused []string
}

// read checks the image layout at dir.
func read(dir string) layout {
	l := layout{dir: dir}
	l.check(schema.ValidatorMediaTypeLayoutHeader, v1.ImageLayoutFile)
	l.walk(schema.ValidatorMediaTypeImageIndex, v1.ImageIndexFile, false)
	return l
}

// check validates the file name against the schema and returns its bytes, or nil if it cannot be read.
func (l *layout) check(validator schema.Validator, name string) []byte {
	data, err := os.ReadFile(filepath.Join(l.dir, name))
	if err == nil {
		l.checked++
		err = validator.Validate(bytes.NewReader(data))
	}
	if err != nil {
		l.refused = append(l.refused, fmt.Sprintf("%s: %v", name, err))
	}
	return data
}

// walk checks a document, the descriptors in it, and the documents that they describe. Layers are not documents, nor are configs
// of artifacts, which may be anything.
func (l *layout) walk(validator schema.Validator, name string, artifact bool) {
	data := l.check(validator, name)
	if data == nil || validator == schema.ValidatorMediaTypeImageConfig {
		return
	}
	var links struct {
		Config    json.RawMessage
		Layers    []json.RawMessage
		Manifests []json.RawMessage
	}
	if err := json.Unmarshal(data, &links); err != nil {
		return // the schema has refused it already
	}
	for _, layer := range links.Layers {
		l.descriptor(name, layer)
	}
	documents := links.Manifests
	switch {
	case links.Config == nil:
	case artifact:
		l.descriptor(name, links.Config)
	default:
		documents = append(documents, links.Config)
	}
	for _, raw := range documents {
		if d := l.descriptor(name, raw); d.Digest != "" {
			blob := filepath.Join(v1.ImageBlobsDir, d.Digest.Algorithm().String(), d.Digest.Encoded())
			l.walk(schema.Validator(d.MediaType), blob, d.ArtifactType != "")
		}
	}
}

// descriptor validates a descriptor found in the document name and returns it, or an empty one if it is refused.
func (l *layout) descriptor(name string, raw json.RawMessage) v1.Descriptor {
	var d v1.Descriptor
	err := schema.ValidatorMediaTypeDescriptor.Validate(bytes.NewReader(raw))
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		l.refused = append(l.refused, fmt.Sprintf("%s: descriptor %s: %v", name, raw, err))
		return v1.Descriptor{}
	}
	return d
}
