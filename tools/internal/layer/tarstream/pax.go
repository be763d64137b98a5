package tarstream

import (
	"strconv"
	"strings"
	"time"
)

// records is the body of a pax extended header: "LENGTH KEYWORD=VALUE\n" for each field that the header block cannot
// hold. Its methods return the value for the block: the value itself, or a substitute if the block cannot hold it.
type records []byte

// text adds a record for text that is not ASCII or is longer than width bytes. The block then holds a readable, shortened
// form.
func (r *records) text(keyword, text string, width int) string {
	if len(text) <= width && isASCII(text) {
		return text
	}
	r.add(keyword, text)
	if !isASCII(text) {
		text = strings.Map(func(c rune) rune {
			if c >= 0x80 {
				return -1
			}
			return c
		}, text)
	}
	return text
}

// number adds a record for a number that the field cannot hold. The block then holds 0.
func (r *records) number(keyword string, n int64, f field) int64 {
	if n <= f.max() {
		return n
	}
	r.add(keyword, strconv.FormatInt(n, 10))
	return 0
}

// time adds a record for a time that is before 1970, beyond the block's limit, or has a fraction of a second. The block
// then holds the whole seconds if it can, and 0 otherwise.
func (r *records) time(keyword string, t time.Time) int64 {
	seconds, ok := wholeSeconds(t)
	if ok {
		return seconds
	}
	r.add(keyword, decimal(seconds, t.Nanosecond()))
	if seconds < 0 || seconds > fieldModTime.max() {
		return 0
	}
	return seconds
}

// decimal writes a time as a decimal number of seconds with as many fractional digits as it needs.
func decimal(seconds int64, nanos int) string {
	if nanos == 0 {
		return strconv.FormatInt(seconds, 10)
	}
	sign := ""
	if seconds < 0 { // -1 s + 0.25 s is written -0.75
		sign, seconds, nanos = "-", -(seconds + 1), 1_000_000_000-nanos
	}
	fraction := strconv.Itoa(1_000_000_000 + nanos)[1:]
	return sign + strconv.FormatInt(seconds, 10) + "." + strings.TrimRight(fraction, "0")
}

// add adds a record. Its length includes the digits of the length.
func (r *records) add(keyword, value string) {
	body := len(keyword) + len(value) + len(" =\n")
	length := body + len(strconv.Itoa(body))
	length = body + len(strconv.Itoa(length)) // one digit more may need one digit more
	*r = strconv.AppendInt(*r, int64(length), 10)
	*r = append(append(append(append(append(*r, ' '), keyword...), '='), value...), '\n')
}

// append appends the padded extended header to dst, unless it is empty.
func (r records) append(dst []byte) []byte {
	if len(r) == 0 {
		return dst
	}
	h := header{name: paxName, mode: 0o644, size: int64(len(r)), kind: typePax}
	dst = append(h.append(dst), r...)
	return append(dst, make([]byte, Padding(int64(len(r))))...)
}
