// Package message formats messages to users: it makes untrusted text harmless, and shows notices and hints.
//
// Untrusted text comes from an archive, a server or another program. On a terminal, its control characters would be obeyed,
// and it could imitate our own messages.
package message

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Lines returns text, which may have several lines, in a form that is safe for a terminal. Characters that a terminal could
// obey or hide become Go escapes: "\x1b", "\u202e". All lines but the first are indented, so that none of them looks like
// another message, such as a hint.
func Lines(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n':
			b.WriteByte('\n')
			if !strings.HasPrefix(text[i+1:], "  ") {
				b.WriteString("  ")
			}
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsGraphic(r) || r == '\t':
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		i += size
	}
	return b.String()
}

// OneLine returns text for use in an error: on one line, and cut to 300 bytes. Only text that may be long or have several
// lines needs it; [Lines] does the rest.
func OneLine(text string) string {
	const limit = 300
	text = strings.Map(func(r rune) rune {
		if !strconv.IsGraphic(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
