package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/check/internal/strictjson"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
)

// document fetches, verifies and parses the manifest, index or config that d describes. It parses content that does not
// match d as well, so that all problems are reported.
func (in *inspector) document(where string, d oci.Descriptor) (object, bool) {
	data, ok := in.fetch(where, d)
	if !ok {
		return object{}, in.lose()
	}
	return in.parse(where, data)
}

// fetch reads the blob d, which must be small.
func (in *inspector) fetch(where string, d oci.Descriptor) ([]byte, bool) {
	if d.Size > content.MaxDocument {
		in.add(where, ruleDocumentLimit, "%d bytes, the limit is %d", d.Size, content.MaxDocument)
		return nil, false
	}
	b, ok := in.open(where, d)
	if !ok {
		return nil, false
	}
	defer b.Close()
	data := make([]byte, 0, min(d.Size, 64<<10))
	for {
		if len(data) == cap(data) {
			data = slices.Grow(data, 64<<10)
		}
		n, err := b.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			break
		}
	}
	return data, b.verify()
}

// lose notes that some references could not be read, so the set of referenced blobs is incomplete. It returns
// false.
func (in *inspector) lose() bool {
	in.lost = true
	return false
}

// parse reads data as a JSON object.
func (in *inspector) parse(where string, data []byte) (object, bool) {
	value, ok := strictjson.Parse(data, func(rule, text string) { in.add(where, rule, "%s", text) })
	if !ok {
		return object{}, in.lose()
	}
	fields, ok := value.(map[string]any)
	if !ok {
		in.add(where, ruleJSONType, "the document is %s, it must be an object", kindOf(value))
		in.lose()
	}
	return object{in: in, where: where, fields: fields}, ok
}

// object is a JSON object of a document, and its location. Its methods return a field that exists and has the right
// type, and otherwise report a violation.
type object struct {
	in     *inspector
	where  string // the document
	path   string // the object in the document, ending with "." unless it is the whole document
	fields map[string]any
	nullOK bool // null stands for an absent field, as in configs
}

// need states whether a field is required.
type need bool

const (
	required need = true
	optional need = false
)

// add adds a violation about a field of the object, or about the object itself if key is "".
func (o object) add(key, rule, format string, args ...any) {
	subject := strings.TrimSuffix(o.path+key, ".")
	if subject != "" {
		subject += ": "
	}
	o.in.add(o.where, rule, "%s%s", subject, fmt.Sprintf(format, args...))
}

// field returns the field of the key if it exists and has the type T.
func field[T any](o object, key string, n need, want string) (T, bool) {
	var zero T
	value, ok := o.fields[key]
	switch {
	case value == nil && ok && !o.nullOK:
		o.add(key, ruleJSONNull, "null, it must be %s", want)
		return zero, false
	case value == nil && bool(n):
		o.add(key, ruleDocumentRequired, "missing, it must be %s", want)
		return zero, false
	case value == nil:
		return zero, false
	}
	typed, ok := value.(T)
	if !ok {
		o.add(key, ruleJSONType, "%s, it must be %s", kindOf(value), want)
	}
	return typed, ok
}

// text returns a string. A required one must not be empty.
func (o object) text(key string, n need) (string, bool) {
	text, ok := field[string](o, key, n, "a string")
	if ok && text == "" && n == required {
		o.add(key, ruleDocumentRequired, "empty")
		return "", false
	}
	return text, ok
}

func (o object) array(key string, n need) ([]any, bool) { return field[[]any](o, key, n, "an array") }

func (o object) flag(key string) bool {
	value, _ := field[bool](o, key, optional, "true or false")
	return value
}

// object returns an object within the object.
func (o object) object(key string, n need) (object, bool) {
	fields, ok := field[map[string]any](o, key, n, "an object")
	return object{in: o.in, where: o.where, path: o.path + key + ".", fields: fields, nullOK: o.nullOK}, ok
}

// objects returns the elements of an array of objects.
func (o object) objects(key string, n need) ([]object, bool) {
	array, ok := o.array(key, n)
	all := make([]object, 0, len(array))
	for i, value := range array {
		name := fmt.Sprintf("%s[%d]", key, i)
		fields, isObject := value.(map[string]any)
		if !isObject {
			o.add(name, ruleJSONType, "%s, it must be an object", kindOf(value))
		}
		all = append(all, object{in: o.in, where: o.where, path: o.path + name + ".", fields: fields, nullOK: o.nullOK})
	}
	return all, ok
}

// texts returns an array of strings.
func (o object) texts(key string, n need) []string {
	array, _ := o.array(key, n)
	var all []string
	for i, value := range array {
		text, ok := value.(string)
		if !ok {
			o.add(fmt.Sprintf("%s[%d]", key, i), ruleJSONType, "%s, it must be a string", kindOf(value))
		}
		all = append(all, text)
	}
	return all
}

// textMap returns an object whose values are strings.
func (o object) textMap(key string) map[string]string {
	inner, _ := o.object(key, optional)
	all := make(map[string]string, len(inner.fields))
	for name, value := range inner.fields {
		text, ok := value.(string)
		if !ok {
			o.add(fmt.Sprintf("%s[%q]", key, name), ruleJSONType, "%s, it must be a string", kindOf(value))
		}
		all[name] = text
	}
	return all
}

// set returns the keys of an object that represents a set: all its values are empty objects. Other values are reported
// as violations of the rule.
func (o object) set(key, rule string) []string {
	inner, _ := o.object(key, optional)
	for name, value := range inner.fields {
		if fields, ok := value.(map[string]any); !ok || len(fields) > 0 {
			o.add(fmt.Sprintf("%s[%q]", key, name), rule, "the value must be {}")
		}
	}
	return slices.Sorted(maps.Keys(inner.fields))
}

// kindOf names the type of a JSON value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}
