package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Line writes one line that may contain untrusted text, from an archive, a server or another program. Characters that a
// terminal could obey, or would not show, are written as Go escapes: "\x1b", "\u202e". If the text has several lines, all
// except the first are indented, so that none of them can pass for another message, such as a hint.
func Line(w io.Writer, format string, args ...any) error {
	_, err := io.WriteString(w, visible(strings.TrimRight(fmt.Sprintf(format, args...), "\n"))+"\n")
	return err
}

// visible returns the text of a line in the form of [Line].
func visible(text string) string {
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

// Printable returns untrusted text in a form for an error: on one line, and cut to 300 bytes. Only text that may be long
// or have several lines needs it; [Line] does the rest.
func Printable(text string) string {
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
