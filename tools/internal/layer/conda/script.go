package conda

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/layer/conda/prefix"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// link is info/link.json, which describes a noarch package. Very old packages call it info/package_metadata.json.
type link struct {
	noarch string
	points []program
}

// link reads info/link.json. A package without one has no entry points.
func (c *contents) link() (link, error) {
	for _, name := range []string{"link.json", "package_metadata.json"} {
		data, ok, err := c.read(name)
		if err != nil || !ok {
			if err != nil {
				return link{}, err
			}
			continue
		}
		l, err := parseLink(data)
		if err != nil {
			return link{}, fmt.Errorf("info/%s: %w", name, err)
		}
		return l, nil
	}
	return link{}, nil
}

func parseLink(data []byte) (link, error) {
	var document struct {
		Version json.Number `json:"package_metadata_version"`
		NoArch  *struct {
			Type        json.RawMessage `json:"type"`
			EntryPoints []string        `json:"entry_points"`
		} `json:"noarch"`
	}
	if err := oci.Unmarshal(data, &document); err != nil {
		return link{}, err
	}
	if document.Version != "1" {
		return link{}, fmt.Errorf("version %q, expected 1", document.Version)
	}
	if document.NoArch == nil {
		return link{}, nil
	}
	kind, err := noarchKind(document.NoArch.Type)
	if err != nil {
		return link{}, err
	}
	l := link{noarch: kind}
	for _, text := range document.NoArch.EntryPoints {
		point, err := parseProgram(text)
		if err != nil {
			return link{}, fmt.Errorf("entry point %q: %w", text, err)
		}
		l.points = append(l.points, point)
	}
	return l, nil
}

// program is an entry point: a program that calls a function of a module.
type program struct {
	command, module, function string
}

// identifier matches a name in Python.
var identifier = pattern.New(`^[\pL_][\pL\pN\p{Mn}\p{Mc}_]*$`)

// keywords are the words that are not names in Python 3.
var keywords = []string{
	"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
	"else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
	"pass", "raise", "return", "try", "while", "with", "yield",
}

// parseProgram reads an entry point: COMMAND = MODULE:FUNCTION.
func parseProgram(text string) (program, error) {
	command, definition, ok := strings.Cut(text, "=")
	module, function, okCall := cutLast(strings.Trim(definition, " \t\r\n\"'"), ":")
	p := program{strings.TrimSpace(command), strings.TrimSpace(module), strings.TrimSpace(function)}
	switch {
	case !ok || !okCall:
		return p, errors.New("expected COMMAND = MODULE:FUNCTION")
	case p.command == "" || strings.HasPrefix(p.command, ".") || strings.ContainsAny(p.command, "/\\\x00\n\r"):
		return p, fmt.Errorf("%q is not a program's name", p.command)
	case !isImport(p.module):
		return p, fmt.Errorf("%q is not the name of a Python module", p.module)
	case !isImport(p.function):
		return p, fmt.Errorf("%q is not the name of a Python function", p.function)
	}
	return p, nil
}

// isImport reports whether a text is names of Python, separated by dots.
func isImport(text string) bool {
	for name := range strings.SplitSeq(text, ".") {
		if !identifier().MatchString(name) || slices.Contains(keywords, name) {
			return false
		}
	}
	return true
}

// text returns the program, which interpreter runs. The bytes are those that conda writes.
func (p program) text(interpreter string) string {
	name, _, _ := strings.Cut(p.function, ".")
	return string(prefix.Shorten([]byte("#!"+interpreter))) + `
# -*- coding: utf-8 -*-
import re
import sys

from ` + p.module + ` import ` + name + `

if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\.pyw?|\.exe)?$', '', sys.argv[0])
    sys.exit(` + p.function + `())
`
}
