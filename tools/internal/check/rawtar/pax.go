package rawtar

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// extension holds the values that extended headers state for the entry after them.
type extension struct {
	name, link    string
	size, modTime int64
	hasSize       bool
	hasModTime    bool
	met           bool
}

// any reports whether there was an extended header.
func (e *extension) any() bool { return e.met }

// apply returns h with its values replaced by those of the extended header.
func (e *extension) apply(h Header) Header {
	if e.name != "" {
		h.Name = e.name
	}
	if e.link != "" {
		h.Linkname = e.link
	}
	if e.hasSize {
		h.Size = e.size
	}
	if e.hasModTime {
		h.ModTime = e.modTime
	}
	return h
}

// extend reads the extended header h into ext.
func (r *Reader) extend(ext *extension, h Header) error {
	if h.Size < 0 || h.Size > maxExtended {
		return r.broken(RuleLimit, "an extended header of %d bytes, the limit is %d", h.Size, maxExtended)
	}
	r.content(h.Size)
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := r.finishEntry(); err != nil {
		return err
	}
	switch h.Type {
	case typeGNUName, typeGNULink:
		ext.met = true
		r.note(RuleFormat, "a long name is in GNU's format, not PAX")
		name, _, _ := strings.Cut(string(data), "\x00")
		if h.Type == typeGNUName {
			ext.name = name
		} else {
			ext.link = name
		}
	case typePAXGlobal:
		// Its records would apply to all entries that follow. git archive writes one with a comment; any other record is
		// unsupported and ends the reading.
		r.note(RulePAXForm, "a global extended header")
		return r.records(&extension{}, string(data), func(key string) bool { return key == "comment" })
	default:
		if ext.met {
			r.note(RulePAXForm, "two extended headers for one entry")
		}
		ext.met = true
		return r.records(ext, string(data), func(string) bool { return true })
	}
	return nil
}

// records reads the records of a PAX header: "LENGTH KEY=VALUE\n", where LENGTH is that of the whole record.
func (r *Reader) records(ext *extension, data string, allowed func(key string) bool) error {
	last := ""
	for data != "" {
		key, value, rest, err := record(data)
		if err != nil {
			return r.broken(RulePAX, "extended header: %v", err)
		}
		if !allowed(key) {
			return r.broken(RulePAX, "extended header: the record %q in a global header", key)
		}
		if key <= last {
			r.note(RulePAXForm, "the record %q follows %q, they must be sorted and unique", key, last)
		}
		if needless(key, value) {
			r.note(RulePAXForm, "the record %q is unnecessary: the value %q fits into the USTAR header", key, value)
		}
		if err := r.set(ext, key, value); err != nil {
			return r.broken(RulePAX, "extended header: the record %q: %v", key, err)
		}
		last, data = key, rest
	}
	return nil
}

// record cuts one record off data.
func record(data string) (key, value, rest string, err error) {
	length, _, ok := strings.Cut(data, " ")
	n, convErr := strconv.ParseUint(length, 10, 31)
	if !ok || convErr != nil {
		return "", "", "", errors.New("a record does not begin with its length")
	}
	if int(n) < len(length)+len(" k=\n") || int(n) > len(data) || data[n-1] != '\n' {
		return "", "", "", fmt.Errorf("a record of %d bytes does not end there with a line feed", n)
	}
	key, value, ok = strings.Cut(data[len(length)+1:n-1], "=")
	if !ok || key == "" {
		return "", "", "", errors.New("a record has no key")
	}
	return key, value, data[n:], nil
}

// set applies one record. Problems that leave the meaning clear are noted, others are errors.
func (r *Reader) set(ext *extension, key, value string) error {
	switch key {
	case "path", "linkpath":
		if value == "" || strings.Contains(value, "\x00") {
			return fmt.Errorf("%q is not a path", value)
		}
		if !utf8.ValidString(value) {
			r.note(RulePAXForm, "the record %q is not UTF-8", key)
		}
		if key == "path" {
			ext.name = value
		} else {
			ext.link = value
		}
	case "size":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			return fmt.Errorf("%q is not a size", value)
		}
		ext.size, ext.hasSize = int64(n), true
	case "mtime":
		whole, fraction, _ := strings.Cut(value, ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || strings.Trim(fraction, "0123456789") != "" {
			return fmt.Errorf("%q is not a time", value)
		}
		ext.modTime, ext.hasModTime = n, true
	case "uid", "gid":
		if _, err := strconv.ParseUint(value, 10, 63); err != nil {
			r.note(RulePAXForm, "the record %q has the invalid id %q", key, value)
		}
	case "uname", "gname":
	default:
		if name, ok := strings.CutPrefix(key, "SCHILY.xattr."); !ok || name == "" {
			r.note(RulePAXForm, "a layer does not need the record %q", key)
		}
	}
	return nil
}

// maxOctal8 and maxOctal12 are the largest numbers that fit into fields of 8 and 12 bytes, whose last byte is a NUL.
const (
	maxOctal8  = 1<<21 - 1
	maxOctal12 = 1<<33 - 1
)

// needless reports whether the USTAR header could have held the value.
func needless(key, value string) bool {
	switch key {
	case "path", "linkpath":
		return len(value) <= 100 && ascii(value)
	case "uname", "gname":
		return len(value) < 32 && ascii(value)
	case "uid", "gid":
		n, err := strconv.ParseUint(value, 10, 63)
		return err == nil && n <= maxOctal8
	case "size", "mtime":
		n, err := strconv.ParseUint(value, 10, 63) // a fraction or a sign requires the record
		return err == nil && n <= maxOctal12
	}
	return false
}

func ascii(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
