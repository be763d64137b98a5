package lockfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Text is the bytes of a document. In the lock file it is an array of strings whose concatenation is these bytes. They
// are split after each line feed if there is one before the end, and otherwise after each comma between two values of the
// JSON. So a line of the lock file has about one value, and a small change of a document changes few lines.
type Text []byte

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(t) {
		return nil, errors.New("document is not UTF-8, which JSON requires")
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for i, piece := range pieces(t) {
		if i > 0 {
			b.WriteByte(',')
		}
		quote(&b, piece)
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(data []byte) error {
	var all []string
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*t = Text{}
	for _, piece := range all {
		*t = append(*t, piece...)
	}
	return nil
}

// pieces splits a document into the strings of the lock file.
func pieces(text []byte) [][]byte {
	cut := afterLineFeed
	if i := bytes.IndexByte(text, '\n'); i < 0 || i == len(text)-1 {
		cut = afterComma
	}
	var all [][]byte
	for len(text) > 0 {
		n := cut(text)
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

func afterLineFeed(text []byte) int {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

// afterComma returns the index after the first comma outside strings. The text begins outside a string.
func afterComma(text []byte) int {
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++ // An escaped character does not end the string.
		case !inString && c == ',':
			return i + 1
		}
	}
	return len(text)
}

// quote writes a JSON string with only the necessary escapes, so that Starlark reads exactly the document's bytes.
func quote(b *bytes.Buffer, text []byte) {
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20:
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}
