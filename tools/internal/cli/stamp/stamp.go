// Package stamp expands the variables of Bazel's workspace status: build number, commit, time, user.
//
// A status file has a line "NAME value" for each variable (Bazel's user manual, "workspace_status_command"). In a text,
// {{NAME}} is the value of a variable, and {{NAME|default}} is the default if the variable has no value or an empty one.
// White space inside of the braces has no meaning, and {{.NAME}}, as other rule sets write it, is the same as {{NAME}}. Four
// braces, "{{{{", are a literal "{{"; every other "{{" must begin a variable. Values and defaults are not expanded again.
package stamp

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// Values are the values of variables by their names.
type Values map[string]string

// Read reads status files. If several files define a variable, the last one wins. It returns nil if there are no files.
func Read(paths []string) (Values, error) {
	if len(paths) == 0 {
		return nil, nil
	}
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

// Hint returns how to define the variable.
func (e *UnknownError) Hint() string {
	return fmt.Sprintf("define it with a line \"%s value\" in the output of Bazel's --workspace_status_command, "+
		"or state a default: {{%s|default}}", e.Name, e.Name)
}

// Scope determines which variables a text may contain.
type Scope struct {
	// Values are the values of the variables. Nil means that the build is not stamped, so that only defaults apply.
	Values Values
	// Own are variables that do not come from the status. They take precedence.
	Own Values
	// Volatile permits variables that are not stable. The output of an action must not depend on them, because Bazel does
	// not run it again when they change.
	Volatile bool
	// SingleBraces permits {NAME}, the form of rules_docker, where braces have no other meaning.
	SingleBraces bool
}

var (
	reference = pattern.New(`^[ \t]*\.?([A-Za-z0-9_]+)[ \t]*(\|[^{}]*)?$`)
	single    = pattern.New(`^\{([A-Za-z0-9_]+)\}`)
)

// Expand returns the text with the values of its variables. Each value, but no default, goes through quote, unless that is
// nil.
func (s Scope) Expand(text string, quote func(value string) string) (string, error) {
	var b strings.Builder
	parts, err := s.parse(text)
	if err != nil {
		return "", err
	}
	for _, part := range parts {
		if part.name == "" {
			b.WriteString(part.text)
			continue
		}
		value, err := s.value(text, part, quote)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// Names returns the names of the variables in the text, in order.
func (s Scope) Names(text string) ([]string, error) {
	parts, err := s.parse(text)
	var names []string
	for _, part := range parts {
		if part.name != "" {
			names = append(names, part.name)
		}
	}
	return names, err
}

// part is a part of a text: a variable, or text if name is empty.
type part struct {
	text       string
	name       string
	fallback   string
	hasDefault bool
}

// parse splits the text at its variables.
func (s Scope) parse(text string) ([]part, error) {
	var parts []part
	for rest := text; rest != ""; {
		next, length, err := s.next(text, rest)
		if err != nil {
			return nil, err
		}
		parts = append(parts, next)
		rest = rest[length:]
	}
	return parts, nil
}

// next returns the part of text at the start of rest, and its length there.
func (s Scope) next(text, rest string) (next part, length int, err error) {
	switch at := strings.IndexByte(rest, '{'); {
	case at < 0:
		return part{text: rest}, len(rest), nil
	case at > 0:
		return part{text: rest[:at]}, at, nil
	case strings.HasPrefix(rest, "{{{{"):
		return part{text: "{{"}, 4, nil
	case !strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "{{{"):
		if match := single().FindStringSubmatch(rest); match != nil && s.SingleBraces {
			return part{name: match[1]}, len(match[0]), nil
		}
		return part{text: "{"}, 1, nil
	}
	const escape = `a variable is written {{NAME}} or {{NAME|default}}; write "{{{{" for a literal "{{"`
	inner, _, closed := strings.Cut(rest[2:], "}}")
	if !closed {
		return part{}, 0, message.Hint(fmt.Errorf(`%q: "{{" without "}}"`, text), "%s", escape)
	}
	match := reference().FindStringSubmatch(inner)
	if match == nil {
		return part{}, 0, message.Hint(fmt.Errorf("%q: {{%s}} is not a variable", text, inner), "%s", escape)
	}
	fallback, hasDefault := strings.CutPrefix(match[2], "|")
	return part{name: match[1], fallback: strings.Trim(fallback, " \t"), hasDefault: hasDefault}, len(inner) + 4, nil
}

// value returns the value of a variable in text, quoted, or its default.
func (s Scope) value(text string, variable part, quote func(string) string) (string, error) {
	name := variable.name
	if value, ok := s.Own[name]; ok {
		return value, nil
	}
	if !s.Volatile && !Stable(name) {
		return "", message.Hint(fmt.Errorf("%q: %s is not a stable variable, so it cannot become part of an output", text, name),
			"only a change of variables that start with STABLE_, and of %s, makes Bazel build again", strings.Join(stable, ", "))
	}
	value, known := s.Values[name]
	switch {
	case value == "" && variable.hasDefault:
		return variable.fallback, nil
	case s.Values == nil:
		return "", message.Hint(fmt.Errorf("%q: %s has no value, because the build is not stamped", text, name),
			"build with --stamp, set stamp = 1, or state a default: {{%s|default}}", name)
	case !known:
		return "", &UnknownError{text, name, slices.Sorted(maps.Keys(s.Values))}
	case quote != nil:
		return quote(value), nil
	}
	return value, nil
}

// stable are the stable variables that Bazel itself defines.
var stable = []string{"BUILD_EMBED_LABEL", "BUILD_HOST", "BUILD_USER"}

// Stable reports whether a variable is stable, which means that actions may depend on it.
func Stable(name string) bool {
	return strings.HasPrefix(name, "STABLE_") || slices.Contains(stable, name)
}

// ExpandAll expands the values of a map. An error names the key.
func (s Scope) ExpandAll(texts map[string]string) (map[string]string, error) {
	expanded := maps.Clone(texts)
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		value, err := s.Expand(texts[key], nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		expanded[key] = value
	}
	return expanded, nil
}
