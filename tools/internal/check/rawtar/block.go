package rawtar

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// block is a header block. Its methods are the table of the "ustar Interchange Format": field, offset, width.
type block [blockSize]byte

func (b *block) name() []byte     { return b[0:100] }
func (b *block) mode() []byte     { return b[100:108] }
func (b *block) uid() []byte      { return b[108:116] }
func (b *block) gid() []byte      { return b[116:124] }
func (b *block) size() []byte     { return b[124:136] }
func (b *block) mtime() []byte    { return b[136:148] }
func (b *block) checksum() []byte { return b[148:156] }
func (b *block) typeflag() byte   { return b[156] }
func (b *block) linkname() []byte { return b[157:257] }
func (b *block) magic() string    { return string(b[257:265]) } // with the version
func (b *block) uname() []byte    { return b[265:297] }
func (b *block) gname() []byte    { return b[297:329] }
func (b *block) devmajor() []byte { return b[329:337] }
func (b *block) devminor() []byte { return b[337:345] }
func (b *block) prefix() []byte   { return b[345:500] }
func (b *block) reserved() []byte { return b[500:512] }

const (
	magicUSTAR = "ustar\x0000"
	magicGNU   = "ustar  \x00"
	magicV7    = "\x00\x00\x00\x00\x00\x00\x00\x00"
)

// sum returns the sum of all bytes, with the checksum field counted as spaces.
func (b *block) sum() int64 {
	sum := int64(len(b.checksum())) * ' '
	for i, c := range b {
		if i < 148 || i >= 156 {
			sum += int64(c)
		}
	}
	return sum
}

// header reads a header block. Problems with fields that do not affect the position of the next header are noted, not fatal.
func (r *Reader) header(b *block) (Header, error) {
	if want, err := number(b.checksum()); err != nil || want != b.sum() {
		return Header{}, r.broken(RuleChecksum, "byte %d: not a tar header, its checksum is wrong", r.offset-blockSize)
	}
	h := Header{Name: r.text("name", b.name()), Linkname: r.text("linkname", b.linkname()), Type: b.typeflag()}
	switch magic := b.magic(); magic {
	case magicUSTAR:
		if prefix := r.text("prefix", b.prefix()); prefix != "" {
			h.Name = prefix + "/" + h.Name
		}
		if !zeros(b.reserved()) {
			r.note(RulePadding, "the last 12 bytes of the header are not zero")
		}
	case magicGNU:
		r.note(RuleFormat, "the header is in GNU's format, not USTAR")
	case magicV7:
		r.note(RuleFormat, "the header is in the format of Unix V7, not USTAR")
	default:
		r.note(RuleFormat, "the header has the magic %q, USTAR has %q", magic, magicUSTAR)
	}
	h.Mode = r.number("mode", b.mode())
	h.ModTime = r.number("mtime", b.mtime())
	r.owner("uid", b.uid())
	r.owner("gid", b.gid())
	if b.magic() != magicV7 {
		r.text("uname", b.uname())
		r.text("gname", b.gname())
		r.number("devmajor", b.devmajor())
		r.number("devminor", b.devminor())
	}
	size, err := number(b.size())
	if err != nil && !errors.Is(err, errBase256) {
		r.entry = h.Name
		return h, r.broken(RuleSize, "the size is not a number: %v", err)
	}
	if err != nil {
		r.note(RuleNumber, "size: %v", err)
	}
	h.Size = size
	return h, nil
}

// text reads a text field, which ends with a NUL unless it is full.
func (r *Reader) text(field string, data []byte) string {
	text, rest, _ := bytes.Cut(data, []byte{0})
	if !zeros(rest) {
		r.note(RulePadding, "bytes that are not zero follow the end of the field %q", field)
	}
	return string(text)
}

// number reads a numeric field, and notes any problem with it.
func (r *Reader) number(field string, data []byte) int64 {
	n, err := number(data)
	if err != nil {
		r.note(RuleNumber, "%s: %v", field, err)
	}
	return n
}

func (r *Reader) owner(field string, data []byte) {
	if n := r.number(field, data); n < 0 {
		r.note(RuleNumber, "%s: %d is negative", field, n)
	}
}

// errBase256 is returned for a number that is readable, but not in USTAR's notation.
var errBase256 = errors.New("the number is in GNU's base-256 notation, not octal")

// number reads octal digits, terminated by spaces or NULs. It also reads GNU's base 256, and then returns errBase256
// with the value.
func number(field []byte) (int64, error) {
	if field[0]&0x80 != 0 {
		return base256(field)
	}
	text := strings.TrimRight(strings.TrimLeft(string(field), " "), " \x00")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 8, 63)
	if err != nil {
		return 0, errors.New(strconv.Quote(text) + " is not octal")
	}
	return int64(n), nil
}

// base256 reads a big-endian two's complement number whose topmost bit marks the notation.
func base256(field []byte) (int64, error) {
	negative := field[0]&0x40 != 0
	n := int64(field[0] & 0x3f)
	if negative {
		n -= 0x40
	}
	for _, c := range field[1:] {
		if n > 1<<54 || n < -1<<54 {
			return 0, errors.New("the number has more than 63 bits")
		}
		n = n<<8 | int64(c)
	}
	return n, errBase256
}
