package auth

import (
	"strings"
)

// challenge is one authentication scheme that a server accepts (RFC 9110, section 11.3).
type challenge struct {
	scheme string            // in lower case: "basic", "bearer"
	params map[string]string // names in lower case
}

// parseChallenges reads the values of WWW-Authenticate. One value may hold several challenges. Malformed parts are
// skipped.
func parseChallenges(values []string) []challenge {
	var all []challenge
	for _, value := range values {
		p := challengeParser{value}
		all = append(all, p.challenges()...)
	}
	return all
}

type challengeParser struct{ rest string }

// challenges reads the whole value. A word is a parameter's name if "=" follows, and a scheme otherwise.
func (p *challengeParser) challenges() []challenge {
	var all []challenge
	for {
		p.skip(" \t,")
		if p.rest == "" {
			return all
		}
		word := p.word()
		p.skip(" \t")
		isParam := strings.HasPrefix(p.rest, "=")
		switch {
		case isParam:
			p.rest = p.rest[1:]
			p.skip(" \t")
			value := p.value()
			if word != "" && len(all) > 0 {
				all[len(all)-1].params[word] = value
			}
		case word != "":
			all = append(all, challenge{word, make(map[string]string)})
		default: // an unexpected character
			p.rest = p.rest[1:]
		}
	}
}

func (p *challengeParser) skip(chars string) { p.rest = strings.TrimLeft(p.rest, chars) }

// word reads up to a separator and returns the word in lower case: names and schemes are case-insensitive.
func (p *challengeParser) word() string {
	end := strings.IndexAny(p.rest, " \t,=\"")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return strings.ToLower(word)
}

// value reads a parameter's value: a token, or a quoted string with backslash escapes.
func (p *challengeParser) value() string {
	if !strings.HasPrefix(p.rest, `"`) {
		end := strings.IndexAny(p.rest, " \t,")
		if end < 0 {
			end = len(p.rest)
		}
		value := p.rest[:end]
		p.rest = p.rest[end:]
		return value
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String()
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	p.rest = ""
	return b.String()
}
