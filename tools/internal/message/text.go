// Package message is what programs share in talking to their users: text from strangers made harmless, notices, and hints.
//
// Strangers are the makers of an archive, a server, another program. What they wrote may end up on a terminal, which obeys
// control characters, or between messages of ours, which it could imitate.
package message

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Lines returns text that may have several lines, fit for a terminal. Characters that a terminal could obey, or not show,
// become escapes of Go: "\x1b", "\u202e". All lines but the first are indented, so that none of them can pass for another
// message, like a hint.
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

// OneLine returns text that becomes part of an error: on one line, and cut to 300 bytes. Only text that may be long or have
// several lines needs it; [Lines] does the rest.
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
