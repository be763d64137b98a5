package tarfile

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errRecord is returned for an archive with a malformed extended header.
var errRecord = errors.New("malformed extended header")

// records returns the records of an extended header: "LENGTH KEY=VALUE\n", where LENGTH is that of the whole record.
func (s *screen) records(data []byte) (map[string]string, error) {
	records := make(map[string]string)
	for len(data) > 0 {
		digits, _, _ := bytes.Cut(data, []byte(" "))
		n, ok := decimal(string(digits))
		if !ok || n > int64(len(data)) || n < int64(len(digits)+len(" k=\n")) || data[n-1] != '\n' {
			return nil, errRecord
		}
		key, value, ok := strings.Cut(string(data[len(digits)+1:n-1]), "=")
		if !ok || key == "" {
			return nil, errRecord
		}
		data = data[n:]
		switch key {
		case "path", "linkpath", "size", "mtime":
			if value == "" {
				return nil, fmt.Errorf("the record %q in an extended header is empty, which programs read differently", key)
			}
		case "SCHILY.realsize": // star's sparse files
			s.odd = true
		}
		if name, ok := strings.CutPrefix(key, xattrPrefix); ok && isForeign(name) {
			s.odd = true
		}
		if _, twice := records[key]; twice {
			s.odd = true
		}
		records[key] = value
	}
	return records, nil
}

// isFormat reports whether the header block of an entry has one of the formats that all programs read alike: those of
// POSIX, GNU and Unix V7. GNU's has more fields for sparse files, which bsdtar reads for every type.
func isFormat(b []byte) bool {
	switch string(b[257:265]) {
	case "ustar\x0000":
		return !strings.HasSuffix(text(b[345:500]), "/")
	case "ustar  \x00":
		return b[156] == tar.TypeGNUSparse || len(bytes.Trim(b[369:], "\x00")) == 0
	}
	return len(bytes.Trim(b[257:265], "\x00")) == 0
}

// checksum returns the sum of all bytes of a header block, counting those of the checksum itself as spaces.
func checksum(b []byte) int64 {
	sum := int64(8 * ' ')
	for i, c := range b {
		if i < 148 || i >= 156 {
			sum += int64(c)
		}
	}
	return sum
}

// number reads a numeric field: octal digits, terminated by spaces or NULs, which all programs read alike; or a number
// of 63 bits in GNU's base 256.
func number(field []byte) (int64, bool) {
	if field[0]&0x80 == 0 {
		digits := strings.TrimRight(strings.TrimLeft(string(field), " "), " \x00")
		if digits == "" {
			return 0, true
		}
		n, err := strconv.ParseUint(digits, 8, 63)
		return int64(n), err == nil
	}
	n := int64(field[0]&0x7f) << 57 >> 57 // two's complement of 7 bits
	for _, c := range field[1:] {
		if n >= 1<<55 || n < -1<<55 {
			return 0, false
		}
		n = n<<8 | int64(c)
	}
	return n, true
}

// decimal reads a number without a sign.
func decimal(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil
}

// text returns the part of a field before the first NUL.
func text(field []byte) string {
	before, _, _ := bytes.Cut(field, []byte{0})
	return string(before)
}
