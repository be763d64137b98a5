package tree

import (
	"errors"
	"path"
	"strings"
)

// pattern selects entries by path. It is anchored at the root; "*", "?" and "[...]" match inside one segment as in
// path.Match, and a segment "**" matches any number of segments, including none. A backslash escapes the character after
// it.
type pattern struct {
	text     string   // as written by the user
	literal  string   // the clean path, if the pattern has no glob characters
	segments []string // otherwise
	dirOnly  bool     // it ends in "/"
}

func parsePattern(text string) (pattern, error) {
	p := pattern{text: text, dirOnly: strings.HasSuffix(text, "/")}
	if text == "" {
		return p, errors.New("the pattern is empty")
	}
	if !isGlob(text) {
		var err error
		p.literal, err = Clean(unescape(text))
		return p, err
	}
	for segment := range strings.SplitSeq(text, "/") {
		switch {
		case segment == "" || segment == ".":
			continue
		case segment == "..":
			return p, errors.New(`".." is not allowed in a pattern`)
		case segment != "**" && strings.Contains(segment, "**"):
			return p, errors.New(`"**" must be a whole segment, between two "/"`)
		case segment == "**" && len(p.segments) > 0 && p.segments[len(p.segments)-1] == "**":
			continue // "**/**" means "**"
		}
		if _, err := path.Match(segment, ""); err != nil {
			return p, errors.New("unterminated bracket or backslash")
		}
		p.segments = append(p.segments, segment)
	}
	return p, nil
}

// matches reports whether the pattern selects the clean path.
func (p *pattern) matches(clean string) bool {
	if p.literal != "" {
		return p.literal == clean
	}
	if clean == "/" {
		return matchSegments(p.segments, nil)
	}
	return matchSegments(p.segments, strings.Split(clean[1:], "/"))
}

// matchSegments is the usual backtracking match: on a mismatch, the last "**" takes one segment more. It needs at most
// len(pattern)*len(names) steps.
func matchSegments(pattern, names []string) bool {
	p, n := 0, 0
	star, resume := -1, 0
	for n < len(names) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, n
			p++
			continue
		case p < len(pattern) && matchSegment(pattern[p], names[n]):
			p, n = p+1, n+1
			continue
		case star < 0:
			return false
		}
		resume++
		p, n = star+1, resume
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

func matchSegment(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// isGlob reports whether text has a glob character that no backslash precedes.
func isGlob(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// unescape removes the backslashes that escape the character after them.
func unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// Pattern selects paths, like the patterns of [Rules], for packages that look at finished trees.
type Pattern struct{ pattern }

// ParsePattern parses a pattern.
func ParsePattern(text string) (Pattern, error) {
	p, err := parsePattern(text)
	return Pattern{p}, err
}

// Path returns the only path that the pattern can select, or an empty string for a glob.
func (p *Pattern) Path() string { return p.literal }

// Selects reports whether the pattern selects the clean path. A pattern that ends with "/" selects only directories.
func (p *Pattern) Selects(clean string, isDir bool) bool {
	return p.matches(clean) && (isDir || !p.dirOnly)
}
