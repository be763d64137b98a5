package oci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// ParseManifest parses a manifest of the media type. A manifest that states a different one, or that parsers could
// understand differently, is an error.
func ParseManifest(data []byte, mediaType string) (Manifest, error) {
	var m Manifest
	if err := UnmarshalDistinct(data, &m); err != nil {
		return m, err
	}
	switch {
	case m.SchemaVersion != SchemaVersion.SchemaVersion:
		return m, fmt.Errorf("schemaVersion is %d, expected %d", m.SchemaVersion, SchemaVersion.SchemaVersion)
	case m.MediaType != "" && m.MediaType != mediaType:
		return m, fmt.Errorf("mediaType %q, but its descriptor has %q", m.MediaType, mediaType)
	}
	return m, nil
}

// UnmarshalDistinct is Unmarshal for untrusted documents: no object may have a key twice or two keys that differ only in
// case, of which some parsers use the first and some the last.
func UnmarshalDistinct(data []byte, v any) error {
	if err := Unmarshal(data, v); err != nil {
		return err
	}
	return distinct(json.NewDecoder(bytes.NewReader(data)), strings.ToLower)
}

// distinct reads a valid value and compares the keys of its objects after fold.
func distinct(dec *json.Decoder, fold func(string) string) error {
	start, err := dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') && start != json.Delim('[') {
		return nil
	}
	met := make(map[string]bool)
	for dec.More() {
		if start == json.Delim('{') {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			key := token.(string) // the text is valid JSON, where only strings are keys
			if met[fold(key)] {
				return fmt.Errorf("key %q occurs twice, parsers would disagree about it", key)
			}
			met[fold(key)] = true
		}
		if err := distinct(dec, strings.Clone); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
