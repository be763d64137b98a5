// Package prefix replaces the directory that a Conda package was built in with the one it is installed to.
//
// A package lists its files that contain the placeholder, and how to replace it. In a text, each occurrence is replaced.
// In a binary, the string that contains it keeps its length: the rest of the string moves forward, and NUL bytes fill the
// gap before its terminator. The placeholder may also be encoded in UTF-16 or UTF-32, as in string tables of some
// programs.
//
// Files are streams: memory does not depend on their size, nor on the length of their strings, because the fill follows a
// string. Only the first line of a script is held, up to a limit.
//
// Non-goals: finding files that contain a placeholder, and code signatures of macOS.
package prefix

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Mode states how a placeholder is replaced. The values are those of info/paths.json.
type Mode string

// The modes.
const (
	Text   Mode = "text"
	Binary Mode = "binary"
)

// ErrLong is returned if the new prefix does not fit into a string of a binary.
var ErrLong = errors.New("the prefix is longer than the placeholder in a binary")

// Replacement replaces the placeholder Old with New, which is ASCII.
type Replacement struct {
	Old, New string
	Mode     Mode
}

// Copy copies a file and replaces the placeholder in it.
func (r Replacement) Copy(to io.Writer, from io.Reader) error {
	if r.Old == "" {
		return errors.New("the placeholder is empty")
	}
	var stages []io.Closer
	switch r.Mode {
	case Text:
		last := &script{to: to}
		stages, to = append(stages, last), last
	case Binary:
	default:
		return fmt.Errorf("file mode %q: expected text or binary", r.Mode)
	}
	for _, encoding := range slices.Backward(r.encodings()) {
		stage := &replacer{to: to, old: encoding.encode(r.Old), new: encoding.encode(r.New)}
		if r.Mode == Binary {
			stage.end = make([]byte, encoding.unit)
		}
		stages, to = append(stages, stage), stage
	}
	// A plain reader and a plain writer: io.Copy then uses the buffer, whose size bounds the memory of each stage.
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 64<<10)); err != nil {
		return err
	}
	for _, stage := range slices.Backward(stages) {
		if err := stage.Close(); err != nil {
			return err
		}
	}
	return nil
}

// encoding is an encoding of ASCII text.
type encoding struct {
	unit int // bytes in a character, and of NULs that end a string
	at   int // the offset of the character's code in them
}

// encodings returns the encodings in which the placeholder is replaced, one after the other. In wide encodings of other
// characters than ASCII, the end of a string would not be certain.
func (r Replacement) encodings() []encoding {
	all := []encoding{{1, 0}, {2, 0}, {2, 1}, {4, 0}, {4, 3}}
	if strings.ContainsFunc(r.Old, func(c rune) bool { return c == 0 || c > unicode.MaxASCII }) {
		return all[:1]
	}
	return all
}

func (e encoding) encode(text string) []byte {
	encoded := make([]byte, len(text)*e.unit)
	for i := range len(text) {
		encoded[i*e.unit+e.at] = text[i]
	}
	return encoded
}
