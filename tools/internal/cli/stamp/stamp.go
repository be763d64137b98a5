// Package stamp fills in the variables of Bazel's workspace status: build number, commit, time, user.
//
// A status file has a line "NAME value" for each variable (Bazel's user manual, "workspace_status_command"). In a text a
// variable is written {{NAME}}; {{.NAME}} and {NAME} mean the same, for those are the forms of other rule sets and braces
// mean nothing else in a name of an image.
package stamp

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Values are the values of variables by their names.
type Values map[string]string

// Read reads status files. Where two files have a variable, the later one counts.
func Read(paths []string) (Values, error) {
	values := make(Values)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			if name != "" {
				values[name] = value
			}
		}
	}
	return values, nil
}

// UnknownError tells of a variable that no status file has.
type UnknownError struct {
	Text, Name string
	Known      []string // the variables that there are, sorted
}

// Error implements error.
func (e *UnknownError) Error() string {
	known := "there is no variable at all"
	if len(e.Known) > 0 {
		known = "there are " + strings.Join(e.Known, ", ")
	}
	return fmt.Sprintf("%q: no variable %s in the workspace status; %s", e.Text, e.Name, known)
}

var variable = regexp.MustCompile(`\{\{ *\.?([A-Za-z0-9_]+) *\}\}|\{([A-Za-z0-9_]+)\}`)

// Expand returns text with the values in place of its variables. It fails with an *UnknownError if one has no value.
func (v Values) Expand(text string) (string, error) {
	var err error
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.Trim(match, "{}. ")
		value, known := v[name]
		if !known && err == nil {
			err = &UnknownError{text, name, slices.Sorted(maps.Keys(v))}
		}
		return value
	})
	if err != nil {
		return "", err
	}
	return expanded, nil
}
