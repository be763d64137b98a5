// Condayaml compares the parser of lock files in Starlark with a YAML library.
//
//	condayaml mutate COUNT DIR FILE...
//
// writes COUNT damaged files to DIR, each a part of one of the FILEs with a few changes, the same ones every time.
//
//	condayaml compare PARSED FILE...
//
// reads what the Starlark parser made of the files, a JSON object from base name to {"value", "problem"}. Where the parser
// accepted a file, the library must have read the same value. It prints how many files were accepted and refused.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("condayaml: ")
	if len(os.Args) < 4 {
		log.Fatal("usage: condayaml mutate COUNT DIR FILE... | compare PARSED FILE...")
	}
	var err error
	switch os.Args[1] {
	case "mutate":
		err = mutate(os.Args[2], os.Args[3], os.Args[4:])
	case "compare":
		err = compare(os.Args[2], os.Args[3:])
	default:
		err = fmt.Errorf("unknown command %s", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
}

func compare(parsed string, files []string) error {
	data, err := os.ReadFile(parsed)
	if err != nil {
		return err
	}
	var results map[string]struct {
		Value   any
		Problem *string
	}
	if err := json.Unmarshal(data, &results); err != nil {
		return err
	}
	accepted := 0
	for _, name := range files {
		result, ok := results[filepath.Base(name)]
		if !ok {
			return fmt.Errorf("%s: not among the results", name)
		}
		if result.Problem != nil {
			continue
		}
		accepted++
		want, err := read(name)
		if err != nil {
			return fmt.Errorf("%s: accepted, but the library says: %w", name, err)
		}
		if !reflect.DeepEqual(want, result.Value) {
			return fmt.Errorf("%s: read as\n%#v\nwant\n%#v", name, result.Value, want)
		}
	}
	fmt.Printf("accepted %d, refused %d\n", accepted, len(files)-accepted)
	return nil
}

// read returns the contents of a YAML file with a single document as maps, slices, strings and nil.
func read(name string) (any, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return map[string]any{}, nil // no document, like a file of comments
	} else if err != nil {
		return nil, err
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("a second document, or: %w", err)
	}
	return value(document.Content[0])
}

func value(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.MappingNode:
		values := make(map[string]any)
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Kind != yaml.ScalarNode {
				return nil, errors.New("a key that is not a scalar")
			}
			if _, ok := values[key.Value]; ok {
				return nil, fmt.Errorf("the key %q is there twice", key.Value)
			}
			v, err := value(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			values[key.Value] = v
		}
		return values, nil
	case yaml.SequenceNode:
		values := []any{}
		for _, child := range node.Content {
			v, err := value(child)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, nil
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return nil, nil
		}
		return node.Value, nil
	}
	return nil, fmt.Errorf("unsupported node %v", node.Kind)
}

// pieces are what damages a file: characters with a meaning in YAML, and parts of lines.
var pieces = []string{
	" ", "  ", "\n", "\n\n", "\r\n", "\r", "\t", ":", ": ", " :", "-", "- ", "- - ", "#", " #", "'", "\"", "''", "\\", "\\\"", "\\n", "\\x41", "[", "]",
	"[]", "{", "}", "{}", ",", "&a ", "*a", "!", "!!str ", "|", ">", "%", "@", "`", "?", "? ", "~", "null", "a", "a: b", "1", "---", "---\n",
	"...", "<<: ", "\x00", "\x07", "\x7f", "\n  ", "\n    - ", "key:\n",
}

func mutate(count, directory string, files []string) error {
	number, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range number {
		data, err := os.ReadFile(files[i%len(files)])
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(string(data), "\n")
		text := strings.Join(block(lines[random.IntN(len(lines)):], 1+random.IntN(60)), "")
		if i%2 == 0 {
			text = strings.Join(lines[:min(len(lines), 1+random.IntN(60))], "")
		}
		for range 1 + random.IntN(3) {
			at := random.IntN(len(text) + 1)
			end := at
			if random.IntN(3) == 0 {
				end = min(len(text), at+random.IntN(4))
			}
			text = text[:at] + pieces[random.IntN(len(pieces))] + text[end:]
		}
		if err := os.WriteFile(filepath.Join(directory, fmt.Sprintf("%05d.yml", i)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// block returns lines from the first on that are indented at least as deep, without that indentation, as a file of their own.
func block(lines []string, most int) []string {
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	found := []string{}
	if strings.HasPrefix(lines[0][indent:], "- ") {
		found = append(found, "list:\n")
	}
	for _, line := range lines[:min(most, len(lines))] {
		if strings.TrimLeft(line[:min(indent, len(line))], " ") != "" {
			break
		}
		found = append(found, line[min(indent, len(line)):])
	}
	return found
}
