package tree

import (
	"path"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, test := range []struct{ pattern, matches, not string }{
		{"/a/b", "/a/b", "/a /a/b/c /b /a/bb"},
		{"a/b/", "/a/b", "/a /a/b/c"},
		{`/a\*`, "/a*", "/ab /a"},
		{`/a\[1]/x`, "/a[1]/x", "/a1/x"},
		{`/a\\b`, `/a\b`, "/ab"},
		{"/*", "/a /bc /.x", "/ /a/b"},
		{"/a/*.so", "/a/x.so /a/.so", "/a/x.soo /a/b/x.so /x.so"},
		{"/a?", "/ab /a* /aü", "/a /a/ /abc"},
		{"/[a-c]x", "/ax /cx", "/dx /x"},
		{"/[^a]x", "/bx", "/ax"},
		{"/**", "/ /a /a/b/c", ""},
		{"/a/**", "/a /a/b /a/b/c", "/ /ab /b/a"},
		{"/**/x", "/x /a/x /a/b/x", "/xx /x/y"},
		{"/a/**/x", "/a/x /a/b/x /a/x/x", "/x /a/b/y"},
		{"/**/a/**/b", "/a/b /x/a/y/b /a/a/b/b", "/b/a /a"},
		{"/**/**/x", "/x /a/x", "/y"},
		{"/a/**/", "/a /a/b", "/b"},
		{"/**/*.so.[0-9]", "/l.so.1 /usr/lib/l.so.9", "/l.so.x /l.so"},
	} {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		for _, name := range strings.Fields(test.matches) {
			if !p.matches(name) {
				t.Errorf("%s does not match %s", test.pattern, name)
			}
		}
		for _, name := range strings.Fields(test.not) {
			if p.matches(name) {
				t.Errorf("%s matches %s", test.pattern, name)
			}
		}
	}
}

func TestPatternRefused(t *testing.T) {
	for text, problem := range map[string]string{
		"":        "the pattern is empty",
		"/a/../b": `".." is not allowed`,
		"/*/..":   `".." is not allowed in a pattern`,
		"/a**":    `"**" must be a whole segment`,
		"/[a":     "unterminated bracket or backslash",
		`/*\`:     "unterminated bracket or backslash",
	} {
		if _, err := parsePattern(text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("parsePattern(%q) = %v; want an error with %q", text, err, problem)
		}
	}
}

// The matcher agrees with the plain definition of the pattern language, which takes exponential time.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"/**/a/**/b", "/a/a/b"}, {"/*/[a-b]?", "/x/aü"}, {`/\*`, "/*"}, {"/**/", "/"}, {"/a/**/**/c", "/a/c"},
		{"/**/*.[ch]", "/src/x.c"}, {"[", "/"}, {"/a**", "/a"}, {"**/a/**/a", "/a/b/a/a"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := parsePattern(text)
		clean, errName := Clean(name)
		if err != nil || errName != nil || strings.Count(text, "/") > 10 || strings.Count(clean, "/") > 10 {
			return
		}
		want := p.literal == clean
		if p.literal == "" {
			var names []string
			if clean != "/" {
				names = strings.Split(clean[1:], "/")
			}
			want = defined(p.segments, names)
		}
		if got := p.matches(clean); got != want {
			t.Errorf("%q matches %q: %v, want %v", text, clean, got, want)
		}
	})
}

func defined(pattern, names []string) bool {
	switch {
	case len(pattern) == 0:
		return len(names) == 0
	case pattern[0] == "**":
		return defined(pattern[1:], names) || len(names) > 0 && defined(pattern, names[1:])
	case len(names) == 0:
		return false
	}
	ok, _ := path.Match(pattern[0], names[0])
	return ok && defined(pattern[1:], names[1:])
}
