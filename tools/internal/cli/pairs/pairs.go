// Package pairs reads files with environment variables, labels or annotations.
//
// A file is either a JSON object whose values are strings, or lines of the form KEY=VALUE. The first character that is not
// white space decides: "{" begins an object. In the other form, a line ends with LF or CRLF, blank lines and lines that
// begin with "#" are ignored, and VALUE is everything after the first "=", verbatim: quotes, backslashes and dollars have no
// meaning. Only JSON can express a value with a line feed.
//
// Each key may occur once. Everything else is an error that names the file and the line.
package pairs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// maxSize is the size of the largest file that is read, in bytes.
const maxSize = 1 << 20

// Read returns the pairs in the file at path.
func Read(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxSize)
	}
	pairs, line, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	return pairs, nil
}

// Add returns own and those pairs in the file at path whose keys own lacks. If path is empty, it returns own.
func Add(own map[string]string, path string) (map[string]string, error) {
	if path == "" {
		return own, nil
	}
	pairs, err := Read(path)
	if err != nil {
		return nil, err
	}
	for key, value := range own {
		pairs[key] = value
	}
	return pairs, nil
}

// parse returns the pairs in a file, or an error and its line.
func parse(data []byte) (pairs map[string]string, line int, err error) {
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		return nil, 1, errors.New("the file begins with a byte order mark; save it as UTF-8 without one")
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return parseObject(data)
	}
	return parseLines(string(data))
}

// parseLines reads lines of the form KEY=VALUE.
func parseLines(text string) (pairs map[string]string, line int, err error) {
	pairs = make(map[string]string)
	lines := make(map[string]int) // of each key
	for content := range strings.Lines(text) {
		line++
		content = strings.TrimSuffix(strings.TrimSuffix(content, "\n"), "\r")
		if strings.TrimSpace(content) == "" || content[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(content, "=")
		if !ok {
			return nil, line, errors.New(`no "=", expected KEY=VALUE, a comment that begins with "#", or a JSON object`)
		}
		if err := checkText(content); err != nil {
			return nil, line, err
		}
		if err := checkKey(key); err != nil {
			return nil, line, err
		}
		if first := lines[key]; first > 0 {
			return nil, line, fmt.Errorf("%q is already in line %d", key, first)
		}
		pairs[key], lines[key] = value, line
	}
	return pairs, line, nil
}

// parseObject reads a JSON object of strings. Unlike json.Unmarshal, it rejects repeated keys.
func parseObject(data []byte) (pairs map[string]string, line int, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	fail := func(err error) (map[string]string, int, error) {
		at := dec.InputOffset()
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax):
			at = syntax.Offset
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			at, err = int64(len(data)), errors.New("the JSON object has no end")
		}
		return nil, 1 + bytes.Count(data[:min(at, int64(len(data)))], []byte("\n")), err
	}
	if err := checkText(string(data)); err != nil {
		return fail(err)
	}
	if _, err := dec.Token(); err != nil { // the opening brace
		return fail(err)
	}
	pairs = make(map[string]string)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return fail(err)
		}
		key := token.(string) // only strings are keys in JSON
		if err := checkKey(key); err != nil {
			return fail(err)
		}
		if _, twice := pairs[key]; twice {
			return fail(fmt.Errorf("%q occurs twice", key))
		}
		if token, err = dec.Token(); err != nil {
			return fail(err)
		}
		value, ok := token.(string)
		if !ok {
			return fail(fmt.Errorf("the value of %q is not a string", key))
		}
		if err := checkText(key + value); err != nil { // it may be escaped
			return fail(err)
		}
		pairs[key] = value
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return fail(err)
	}
	if len(bytes.TrimSpace(data[dec.InputOffset():])) > 0 {
		return fail(errors.New("text after the JSON object"))
	}
	return pairs, 0, nil
}

func checkText(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("not UTF-8 text")
	}
	if strings.ContainsRune(text, 0) {
		return errors.New("the text contains a NUL byte")
	}
	return nil
}

func checkKey(key string) error {
	if key == "" {
		return errors.New("empty key")
	}
	if strings.TrimSpace(key) != key {
		return fmt.Errorf("white space around the key %q", key)
	}
	return nil
}
