package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Line writes one line, in which strangers may have had a say: the makers of an archive, a server, another program.
// What a terminal could obey, or not show, is written as an escape of Go: "\x1b", "\u202e". Where the text has several
// lines, all but the first are indented, so that none of them can pass for another message, like a hint.
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

// Printable returns what a stranger wrote as a part of an error: in one line, and cut to 300 bytes. Only what may be
// long or of several lines needs it; [Line] does the rest.
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
