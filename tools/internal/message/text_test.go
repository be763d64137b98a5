package message

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain, h\u00e9":         "plain, h\u00e9",
		"\x1b[31mred\r\n\x7f.":   " [31mred   .",
		"not \xff UTF-8":         "not ? UTF-8",
		"a\u009b1m\u202eb\u2028": "a 1m b ",
		strings.Repeat("x", 301): strings.Repeat("x", 300) + "...",
		// A character that is cut in two is dropped.
		strings.Repeat("x", 299) + "\u00e9.": strings.Repeat("x", 299) + "...",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("OneLine(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"plain, h\u00e9\t\u65e5\u672c \u00a0\\": "plain, h\u00e9\t\u65e5\u672c \u00a0\\",
		"\x1b[31m \x1b]0;title\a\r\x00\x7f'":    `\x1b[31m \x1b]0;title\a\r\x00\x7f'`,
		"\u0080\u009b31m\u009f":                 `\u0080\u009b31m\u009f`,
		"\u202a\u202e\u2066\u2069\u200e\u200f":  `\u202a\u202e\u2066\u2069\u200e\u200f`,
		"\u061c\u2028\u2029\ufeff\U000e0041":    `\u061c\u2028\u2029\ufeff\U000e0041`,
		"\xff\x9b31m\xe2\x80\ufffd":             `\xff\x9b31m\xe2\x80` + "\ufffd",
		"a\n  b\n    c\n \td":                   "a\n  b\n    c\n   \td",
		"a\nhint: b\n\nc":                       "a\n  hint: b\n  \n  c",
	} {
		if got := Lines(text); got != want {
			t.Errorf("Lines(%q) = %q, want %q", text, got, want)
		}
	}
}
