package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// object is a JSON object whose values have not been decoded. It exists because Go's decoder is too lenient for a document
// that is hashed: it merges duplicate keys, ignores their case, and drops unknown ones.
type object map[string]json.RawMessage

// parseObject reads one JSON object. Anything else, trailing data, text that is not UTF-8 and duplicate keys are
// errors.
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8 text")
	}
	var raw json.RawMessage
	if err := oci.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	start, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if start != json.Delim('{') {
		return nil, fmt.Errorf("this is %s, not a JSON object", jsonKind(raw))
	}
	fields := make(object)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // in valid JSON, only strings are keys
		if fields.has(key) {
			return nil, fmt.Errorf("key %q occurs twice", key)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		fields[key] = value
	}
	return fields, nil
}

func (o object) has(key string) bool {
	_, ok := o[key]
	return ok
}

// decode stores the value of key in the variable that into points to, which must be zero. Absent and null leave it zero.
func (o object) decode(key string, into any) error {
	value, ok := o[key]
	if !ok {
		return nil
	}
	if err := decodeValue(value, into); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// decodeValue decodes data, which is valid JSON, and returns an error that describes where a value has the wrong type.
func decodeValue(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	err = fmt.Errorf("got a JSON %s, expected %s", wrong.Value, typeName(wrong.Type))
	if wrong.Field != "" {
		return fmt.Errorf("%s: %w", wrong.Field, err)
	}
	return err
}

// take is decode that also removes the key.
func (o object) take(key string, into any) error {
	if err := o.decode(key, into); err != nil {
		return err
	}
	delete(o, key)
	return o.checkCase(key)
}

// checkCase rejects keys that differ from key in case only: many readers mistake one for the other.
func (o object) checkCase(key string) error {
	for _, other := range slices.Sorted(maps.Keys(o)) {
		if other != key && strings.EqualFold(other, key) {
			return fmt.Errorf("key %q differs from %q only in case, parsers would disagree about it", other, key)
		}
	}
	return nil
}

// checkKeys rejects unknown keys.
func (o object) checkKeys(known []string) error {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, key) {
			return unknownName(key, known)
		}
	}
	return nil
}

func unknownName(name string, known []string) error {
	list := strings.Join(slices.Sorted(slices.Values(known)), ", ")
	return fmt.Errorf("unknown name %q, expected one of %s", name, list)
}

// joinObjects returns the JSON of the struct known followed by the keys of extra, sorted. The two must not share a key.
func joinObjects(known any, extra object) (json.RawMessage, error) {
	first, err := oci.Marshal(known)
	if err != nil {
		return nil, err
	}
	if len(extra) == 0 {
		return first, nil
	}
	second, err := oci.Marshal(extra)
	if err != nil {
		return nil, err
	}
	if len(first) == len("{}") {
		return second, nil
	}
	return append(append(first[:len(first)-1], ','), second[1:]...), nil
}

// jsonKind returns the kind of a valid JSON value.
func jsonKind(raw json.RawMessage) string {
	switch raw[0] {
	case '[':
		return "a JSON list"
	case '"':
		return "a JSON string"
	}
	return "the JSON value " + string(raw)
}

// typeName returns the JSON name of a Go type.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "a number"
}
