package image

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rules-strata/rules_strata/tools/internal/message"
	"github.com/rules-strata/rules_strata/tools/internal/pattern"
)

// reference matches, after a "$", references that other programs would expand.
var reference = pattern.New(`^(\([^)]*\)?|[A-Za-z_][A-Za-z0-9_]*)`)

// Literal returns the value for [Settings.Env] that stands for the text.
func Literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// expandEnv returns the variables that the settings state, with the values that the base and the layers give to those they
// refer to.
func (c *config) expandEnv(stated map[string]string) (map[string]string, error) {
	expanded := make(map[string]string, len(stated))
	for _, name := range slices.Sorted(maps.Keys(stated)) {
		value, err := expand(stated[name], c.variable)
		if err != nil {
			return nil, fmt.Errorf("%s = %q: %w", name, stated[name], err)
		}
		expanded[name] = value
	}
	return expanded, nil
}

// expand replaces "${NAME}" with the value that lookup returns, and "$$" with a dollar.
func expand(value string, lookup func(name string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(value, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if name, braced := strings.CutPrefix(after, "{"); braced {
			name, rest, closed := strings.Cut(name, "}")
			if !closed {
				return "", message.Hint(fmt.Errorf("%q has no closing brace", "$"+after), `write "$$" for a literal dollar`)
			}
			text, ok := lookup(name)
			if !ok {
				return "", unset(name)
			}
			b.WriteString(text)
			value = rest
			continue
		}
		if other := reference().FindString(after); other != "" {
			return "", message.Hint(fmt.Errorf(`"$%s" would not be expanded`, other),
				`write "${NAME}" for the value in the base, or "$$" for a literal dollar`)
		}
		b.WriteByte('$')
		value = strings.TrimPrefix(after, "$")
	}
}

// unset is the error for a reference to a variable that does not exist.
func unset(name string) error {
	hint := "write out the value"
	if name == "PATH" {
		hint += "; without PATH, engines use " + DefaultPath
	}
	return message.Hint(fmt.Errorf("neither the base nor a layer sets %q", name), "%s", hint)
}
