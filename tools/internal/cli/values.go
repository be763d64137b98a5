package cli

import (
	"flag"
	"fmt"
	"strings"
)

// Strings is a flag that may be repeated; each use adds one value.
type Strings []string

// String implements flag.Value.
func (s *Strings) String() string { return strings.Join(*s, " ") }

// Set implements flag.Value.
func (s *Strings) Set(value string) error {
	*s = append(*s, value)
	return nil
}

func (s *Strings) repeatable() {}

// Each declares a flag that may be repeated and calls use with each value, in order, while the flags are parsed.
func Each(flags *flag.FlagSet, name, usage string, use func(value string) error) {
	flags.Var(&each{use: use}, name, usage)
}

// each is the value of a flag declared by Each.
type each struct {
	use  func(value string) error
	used bool
}

// String implements flag.Value: it is empty until the flag is used.
func (e *each) String() string {
	if e.used {
		return "..."
	}
	return ""
}

// Set implements flag.Value.
func (e *each) Set(value string) error {
	e.used = true
	return e.use(value)
}

func (e *each) repeatable() {}

// SplitPair splits "KEY=VALUE" at the first "=" without a backslash before it, and undoes the escapes in KEY: \= is "="
// and \\ is a backslash. VALUE is taken verbatim. The rules escape image paths in this way, so that a path may contain any
// character.
func SplitPair(pair string) (key, value string, err error) {
	var b strings.Builder
	for i := 0; i < len(pair); i++ {
		switch c := pair[i]; {
		case c == '=':
			return b.String(), pair[i+1:], nil
		case c == '\\' && i+1 < len(pair):
			i++
			if pair[i] != '=' && pair[i] != '\\' {
				return "", "", fmt.Errorf("%q: unknown escape \\%c, expected \\= or \\\\", pair, pair[i])
			}
			b.WriteByte(pair[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("%q: no \"=\", expected KEY=VALUE", pair)
}

// Pairs returns the pairs given by a repeated flag "--name=KEY=VALUE", or nil if there are none. A key that is given
// twice is a usage error.
func Pairs(name string, values []string) (map[string]string, error) {
	var pairs map[string]string
	for _, pair := range values {
		key, value, err := SplitPair(pair)
		if err != nil {
			return nil, Usage("--%s: %w", name, err)
		}
		if _, twice := pairs[key]; twice {
			return nil, Usage("--%s: %q is given twice", name, key)
		}
		if pairs == nil {
			pairs = make(map[string]string)
		}
		pairs[key] = value
	}
	return pairs, nil
}

// Require returns a usage error for the first flag in names whose value is the empty string.
func Require(flags *flag.FlagSet, names ...string) error {
	for _, name := range names {
		if f := flags.Lookup(name); f.Value.String() == "" {
			return Hint(Usage("--%s is missing", name), "%s --help lists the flags", flags.Name())
		}
	}
	return nil
}
