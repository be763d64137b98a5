package prefix

import (
	"bytes"
	"fmt"
	"io"
)

// replacer is a stage that replaces one encoding of the placeholder. It holds back what may be the beginning of an
// occurrence, or of a string's end.
type replacer struct {
	to       io.Writer
	old, new []byte
	end      []byte // the terminator of strings, or nil for a text

	held     []byte
	inString bool  // the last occurrence is in a string that has not ended
	missing  int64 // how many bytes that string has become shorter
}

// Write implements io.Writer.
func (r *replacer) Write(p []byte) (int, error) {
	r.held = append(r.held, p...)
	rest := r.held
	for {
		more, err := r.step(&rest)
		if err != nil {
			return 0, err
		}
		if !more {
			break
		}
	}
	// What is left may begin an occurrence or a terminator.
	keep := min(len(rest), max(len(r.old), len(r.end))-1)
	if err := r.send(rest[:len(rest)-keep]); err != nil {
		return 0, err
	}
	r.held = append(r.held[:0], rest[len(rest)-keep:]...)
	return len(p), nil
}

// Close sends the data that is held back, and ends the last string, which may have no terminator.
func (r *replacer) Close() error {
	if err := r.send(r.held); err != nil {
		return err
	}
	return r.fill()
}

// step handles the next occurrence in rest, or the end of the string, and moves rest past it. It returns false if there is
// neither.
func (r *replacer) step(rest *[]byte) (bool, error) {
	at := index(*rest, r.old)
	if r.inString {
		if end := bytes.Index(*rest, r.end); end >= 0 && (at < 0 || end < at) {
			if err := r.send((*rest)[:end+len(r.end)]); err != nil {
				return false, err
			}
			*rest = (*rest)[end+len(r.end):]
			return true, r.fill()
		}
	}
	if at < 0 {
		return false, nil
	}
	if r.end != nil {
		if len(r.new) > len(r.old) {
			return false, fmt.Errorf("%w: %d bytes, there is room for %d", ErrLong, len(r.new)/len(r.end), len(r.old)/len(r.end))
		}
		r.inString = true
		r.missing += int64(len(r.old) - len(r.new))
	}
	if err := r.send((*rest)[:at]); err != nil {
		return false, err
	}
	*rest = (*rest)[at+len(r.old):]
	return true, r.send(r.new)
}

// fill ends a string with as many NUL bytes as it has become shorter.
func (r *replacer) fill() error {
	for r.missing > 0 {
		n := min(r.missing, int64(len(zeros)))
		if err := r.send(zeros[:n]); err != nil {
			return err
		}
		r.missing -= n
	}
	r.inString = false
	return nil
}

var zeros [4096]byte

func (r *replacer) send(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := r.to.Write(p)
	return err
}

// headLen is the length of the part of a placeholder that is searched for. Package bytes searches short texts fastest.
const headLen = 32

// index is bytes.Index for placeholders, which are long.
func index(b, old []byte) int {
	head := old[:min(headLen, len(old))]
	for from := 0; ; {
		at := bytes.Index(b[from:], head)
		if at < 0 {
			return -1
		}
		from += at
		if bytes.HasPrefix(b[from:], old) {
			return from
		}
		from++
	}
}
