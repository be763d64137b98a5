package structure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxNodes is how many nodes of a file are decoded. Aliases are counted wherever they are used.
const maxNodes = 1 << 18

// decoder decodes the nodes of one file.
type decoder struct {
	file  string
	nodes int // decoded so far
}

// fields maps the keys of an object to the decoders of their values.
type fields map[string]func(*yaml.Node) error

// document returns the value that a text in YAML or JSON represents.
func (d *decoder) document(data []byte, isJSON bool) (*yaml.Node, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not UTF-8", d.file)
	}
	if isJSON {
		return d.json(data)
	}
	in := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	switch err := in.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: the file is empty", d.file)
	case err != nil:
		return nil, fmt.Errorf("%s: %s", d.file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := in.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, fmt.Errorf("%s: %s", d.file, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return nil, d.fail(&second, "expected one document")
	}
	return document.Content[0], nil
}

// json reads a JSON text. Nodes of YAML are the common form.
func (d *decoder) json(data []byte) (*yaml.Node, error) {
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	reader := jsonReader{decoder: in, data: data}
	root, err := reader.value()
	if err == nil {
		if _, errEnd := in.Token(); !errors.Is(errEnd, io.EOF) {
			err = errors.New("expected one value")
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %v", d.file, reader.line(), err)
	}
	return root, nil
}

type jsonReader struct {
	decoder *json.Decoder
	data    []byte
	depth   int
	counted int // the bytes whose lines are counted
	lines   int
}

// line returns the line that the decoder has reached, counted from 1.
func (r *jsonReader) line() int {
	offset := int(r.decoder.InputOffset())
	r.lines += bytes.Count(r.data[r.counted:offset], []byte("\n"))
	r.counted = offset
	return r.lines + 1
}

func (r *jsonReader) value() (*yaml.Node, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: r.line()}
	switch token := token.(type) {
	case json.Delim:
		n.Kind = yaml.MappingNode
		if token == '[' {
			n.Kind = yaml.SequenceNode
		}
		if r.depth++; r.depth > 100 {
			return nil, errors.New("nested too deeply")
		}
		for r.decoder.More() {
			child, err := r.value()
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, child)
		}
		r.depth--
		_, err = r.decoder.Token()
	case string:
		n.Tag, n.Value = "!!str", token
	case json.Number:
		n.Tag, n.Value = "!!int", token.String()
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(token)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, err
}

// fail returns an error about the node.
func (d *decoder) fail(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", d.file, n.Line, fmt.Sprintf(format, args...))
}

// object decodes an object.
func (d *decoder) object(n *yaml.Node, fields fields) error {
	n, err := d.enter(n)
	if err != nil || isNull(n) {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return d.fail(n, "expected keys with values: %s", fields.names())
	}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		decode := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			return d.fail(key, "the key is not a string")
		case key.Tag == "!!merge":
			return d.fail(key, "merge keys are not supported; write out the keys")
		case decode == nil:
			return d.fail(key, "unknown key %q; expected one of: %s", key.Value, fields.names())
		case seen[key.Value] != 0:
			return d.fail(key, "%s is already in line %d", key.Value, seen[key.Value])
		}
		seen[key.Value] = key.Line
		if err := decode(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// list returns a decoder that appends the elements of a list.
func list[T any](d *decoder, to *[]T, element func(*yaml.Node) (T, error)) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n, err := d.enter(n)
		if err != nil || isNull(n) {
			return err
		}
		if n.Kind != yaml.SequenceNode {
			return d.fail(n, "expected a list")
		}
		for _, child := range n.Content {
			value, err := element(child)
			if err != nil {
				return err
			}
			*to = append(*to, value)
		}
		return nil
	}
}

// enter resolves an alias and counts the node.
func (d *decoder) enter(n *yaml.Node) (*yaml.Node, error) {
	if d.nodes++; d.nodes > maxNodes {
		return nil, d.fail(n, "the file has more than %d values", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return n.Alias, nil
	}
	return n, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// text returns a decoder of strings. As in container-structure-test, numbers and other scalars are strings, too.
func (d *decoder) text(to *string) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n, err := d.enter(n)
		switch {
		case err != nil || isNull(n):
			return err
		case n.Kind != yaml.ScalarNode:
			return d.fail(n, "expected a string")
		}
		*to = n.Value
		return nil
	}
}

func (d *decoder) integer(to *int) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n, err := d.enter(n)
		if err != nil || isNull(n) {
			return err
		}
		value, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
			return d.fail(n, "expected an integer")
		}
		*to = value
		return nil
	}
}

func (d *decoder) boolean(to *bool) func(*yaml.Node) error {
	return func(n *yaml.Node) error {
		n, err := d.enter(n)
		if err != nil || isNull(n) {
			return err
		}
		if n.Kind == yaml.ScalarNode {
			switch strings.ToLower(n.Value) {
			case "true", "yes", "on":
				*to = true
				return nil
			case "false", "no", "off":
				*to = false
				return nil
			}
		}
		return d.fail(n, "expected true or false")
	}
}
