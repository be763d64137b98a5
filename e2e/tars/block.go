package main

import (
	"fmt"
	"slices"
	"strings"
)

// block is a header, a body or the end of an archive: a number of whole blocks of 512 bytes.
type block []byte

// The places of a header's fields.
const (
	nameAt    = 0
	modeAt    = 100
	uidAt     = 108
	gidAt     = 116
	sizeAt    = 124
	timeAt    = 136
	sumAt     = 148
	typeAt    = 156
	linkAt    = 157
	magicAt   = 257
	majorAt   = 329
	minorAt   = 337
	prefixAt  = 345
	sparseAt  = 386 // the map of a sparse file in GNU's old format
	moreAt    = 482 // whether more of the map follows
	realAt    = 483 // the size that a sparse file has when it is whole
	afterAt   = 500
	blockSize = 512
)

// header returns the USTAR header of an entry whose body has size bytes, with the fields changed as said.
func header(kind byte, name string, size int64, changes ...field) block {
	b := make(block, blockSize)
	mode := "0000644\x00"
	if kind == '5' {
		mode = "0000755\x00"
	}
	for _, f := range []field{
		{nameAt, name}, {modeAt, mode}, {uidAt, "0000000\x00"}, {gidAt, "0000000\x00"},
		{sizeAt, fmt.Sprintf("%011o\x00", size)}, {timeAt, "13000000000\x00"}, {typeAt, string(kind)},
		{magicAt, "ustar\x0000"},
	} {
		copy(b[f.at:], f.text)
	}
	return b.with(changes...)
}

// field is text that stands at a place of a header.
type field struct {
	at   int
	text string
}

// with returns the header with other fields, and the sum that belongs to them.
func (b block) with(changes ...field) block {
	b = slices.Clone(b)
	for _, f := range changes {
		copy(b[f.at:], f.text)
	}
	copy(b[sumAt:], "        ")
	copy(b[sumAt:], fmt.Sprintf("%06o\x00 ", b.sum(false)))
	return b
}

// sum returns the sum of all bytes; signed is how some programs took them.
func (b block) sum(signed bool) int {
	sum := 0
	for _, c := range b {
		sum += int(c)
		if signed && c >= 0x80 {
			sum -= 256
		}
	}
	return sum
}

// body returns text, filled up to whole blocks.
func body(text string) block {
	return append(block(text), make(block, -len(text)&(blockSize-1))...)
}

// file returns a file and its content.
func file(name, text string, changes ...field) block {
	return append(header('0', name, int64(len(text)), changes...), body(text)...)
}

func dir(name string) block { return header('5', name, 0) }

func link(kind byte, name, target string) block { return header(kind, name, 0, field{linkAt, target}) }

// pax returns an extended header with the records, each "key=value".
func pax(records ...string) block { return extended('x', records...) }

func extended(kind byte, records ...string) block {
	var text strings.Builder
	for _, r := range records {
		text.WriteString(record(r))
	}
	return append(header(kind, "pax", int64(text.Len())), body(text.String())...)
}

// record returns one record, which begins with its own length.
func record(text string) string {
	for n := len(text) + 3; ; n++ {
		if r := fmt.Sprintf("%d %s\n", n, text); len(r) == n {
			return r
		}
	}
}

// long returns GNU's header of a long name (kind 'L') or link target ('K').
func long(kind byte, text string) block {
	h := header(kind, "././@LongLink", int64(len(text)+1), gnu)
	return append(h, body(text+"\x00")...)
}

// gnu is the magic of GNU's format.
var gnu = field{magicAt, "ustar  \x00"}

// end is what ends an archive.
var end = make(block, 2*blockSize)

// archive returns the blocks as a whole archive.
func archive(blocks ...block) []byte { return slices.Concat(append(slices.Clone(blocks), end)...) }
