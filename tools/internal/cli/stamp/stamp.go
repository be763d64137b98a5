// Package stamp fills in the variables of Bazel's workspace status: build number, commit, time, user.
//
// A status file has a line "NAME value" for each variable (Bazel's user manual, "workspace_status_command"). Texts refer
// to a variable as {{NAME}}. {{.NAME}} and {NAME} are equivalent: other rule sets use these forms, and braces have no
// other meaning in the name of an image.
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

// Read reads status files. If several files define a variable, the last one wins.
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

// UnknownError is returned for a variable that no status file defines.
type UnknownError struct {
	Text, Name string
	Known      []string // the defined variables, sorted
}

// Error implements error.
func (e *UnknownError) Error() string {
	known := "it defines none"
	if len(e.Known) > 0 {
		known = "it defines " + strings.Join(e.Known, ", ")
	}
	return fmt.Sprintf("%q: the workspace status does not define %s; %s", e.Text, e.Name, known)
}

var variable = regexp.MustCompile(`\{\{ *\.?([A-Za-z0-9_]+) *\}\}|\{([A-Za-z0-9_]+)\}`)

// Expand replaces the variables in text with their values. It fails with an *UnknownError if a variable is not defined.
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
