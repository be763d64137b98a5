// Package arglist reads files with the arguments of a command, and files with a single value.
//
// A file with arguments is either a JSON list of strings, or has one argument per line. The first character that is not
// white space decides: "[" begins a list. In the other form, a line ends with LF or CRLF, empty lines are ignored, and
// everything else is verbatim: quotes, backslashes, "#" and white space have no meaning. Only JSON can express an empty
// argument, or one with a line feed.
package arglist

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

// Read returns the arguments in the file at path. A file without arguments is an error, because an empty command is more
// likely to be a mistake.
func Read(path string) ([]string, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	args, err := parse(data)
	if err == nil && len(args) == 0 {
		err = errors.New("no arguments")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return args, nil
}

// ReadLine returns the only line of the file at path, without white space around it.
func ReadLine(path string) (string, error) {
	data, err := read(path)
	if err != nil {
		return "", err
	}
	line := strings.TrimSpace(string(data))
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("%s: expected one line", path)
	}
	return line, nil
}

// read returns the contents of a text file.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxSize:
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxSize)
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return nil, fmt.Errorf("%s: the file begins with a byte order mark; save it as UTF-8 without one", path)
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%s: not UTF-8 text", path)
	case bytes.IndexByte(data, 0) >= 0:
		return nil, fmt.Errorf("%s: the text contains a NUL byte", path)
	}
	return data, nil
}

// parse returns the arguments in a file. The caller checks them for NUL bytes, which JSON can express.
func parse(data []byte) ([]string, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return parseList(data)
	}
	var args []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); line != "" {
			args = append(args, line)
		}
	}
	return args, nil
}

// parseList reads a JSON list of strings. Unlike json.Unmarshal, it rejects null as an element.
func parseList(data []byte) ([]string, error) {
	var list []*string
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("not a JSON list of strings: %w", err)
	}
	args := make([]string, len(list))
	for i, arg := range list {
		if arg == nil {
			return nil, errors.New("not a JSON list of strings: null is not a string")
		}
		args[i] = *arg
	}
	return args, nil
}
