package oci

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// ParseManifest reads the manifest of the media type. One that calls itself something else, or that readers could
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
		return m, fmt.Errorf("it calls itself %q, its descriptor %q", m.MediaType, mediaType)
	}
	return m, nil
}

// UnmarshalDistinct is Unmarshal for documents of others: no object may have a key twice, nor the document two keys that
// differ in case only, of which some readers take the first and some the last.
func UnmarshalDistinct(data []byte, v any) error {
	if err := Unmarshal(data, v); err != nil {
		return err
	}
	return distinct(json.NewDecoder(bytes.NewReader(data)), strings.ToLower)
}

// distinct reads a value, which is known to be valid, and compares the keys of its objects as fold changes them.
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
				return fmt.Errorf("key %q occurs twice, readers would disagree about it", key)
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
