package cli

import "strings"

// Printable returns what a stranger wrote, a server or another program, in the form that suits an error: without control
// characters, and cut to 300 bytes.
func Printable(text string) string {
	const limit = 300
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
