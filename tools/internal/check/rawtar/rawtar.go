// Package rawtar reads tar block by block and reports all deviations from POSIX (IEEE Std 1003.1-2017, pax, "ustar
// Interchange Format" and "pax Extended Header") and from the output of this project's writer.
//
// archive/tar is designed to read the output of other programs: it repairs, guesses and skips. This reader is designed to
// reject. It reads GNU's and V7's dialects too, because base layers use them, but reports them.
//
// Non-goals: the meaning of names and links for an image, which package check validates; sparse files.
//
// Invariants: memory is bounded for any input, every loop consumes input, and after Next has returned io.EOF the input
// has been read to its end.
package rawtar

import (
	"errors"
	"fmt"
	"io"
)

// Rule IDs of the problems that a Reader reports.
const (
	RuleTruncated = "tar-truncated"
	RuleChecksum  = "tar-checksum"
	RuleSize      = "tar-size"
	RulePAX       = "tar-pax"
	RuleLimit     = "tar-limit"
	RuleSparse    = "tar-sparse"
	RuleEnd       = "tar-end"
	RuleFormat    = "tar-format"
	RuleNumber    = "tar-number"
	RulePAXForm   = "tar-pax-form"
	RulePadding   = "tar-padding"
)

// ErrBroken is returned when the tar cannot be read further. The problem has been reported.
var ErrBroken = errors.New("the tar cannot be read further")

// Entry types ("typeflag") that have a meaning here. The first six that follow Regular have no content.
const (
	TypeRegular  = '0'
	TypeHardlink = '1'
	TypeSymlink  = '2'
	TypeChar     = '3'
	TypeBlock    = '4'
	TypeDir      = '5'
	TypeFIFO     = '6'

	typePAX       = 'x'
	typePAXGlobal = 'g'
	typeGNUName   = 'L'
	typeGNULink   = 'K'
	typeGNUSparse = 'S'
)

const (
	blockSize = 512
	// maxExtended is the size of the largest extended header that is read into memory. A path has at most a few thousand
	// bytes, an extended attribute at most 64 KiB.
	maxExtended = 1 << 20
)

// Header is one entry, with the values of its extended header applied.
type Header struct {
	Name     string
	Linkname string
	Type     byte
	// Mode is the raw mode field, which may contain more than permission bits.
	Mode int64
	// Size is the length of the content in bytes; zero for types without content.
	Size int64
	// ModTime is in seconds since 1970, without fractions.
	ModTime int64
}

// Report is called for each problem, with the name of the entry that has it, or "" for the tar as a whole.
type Report func(entry, rule, text string)

// Reader reads the entries of one tar.
type Reader struct {
	r       io.Reader
	report  Report
	entry   string // the entry whose content is next
	rest    int64  // content that has not been read yet
	padding int64  // zeros that follow the content
	offset  int64  // bytes read so far
	pending []problem
}

// problem is kept until the name of its entry is known.
type problem struct{ rule, text string }

// NewReader returns a reader of the tar r.
func NewReader(r io.Reader, report Report) *Reader { return &Reader{r: r, report: report} }

// Offset returns how many bytes of the tar have been read. After Next, this is where the entry's content begins.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next entry. At the end it reads and checks the rest of the input, then returns io.EOF. If it returns
// ErrBroken, the input has not been read to its end; any other error comes from the input.
func (r *Reader) Next() (Header, error) {
	if err := r.finishEntry(); err != nil {
		return Header{}, err
	}
	var ext extension
	for {
		var b block
		if err := r.readBlock(&b, ext.any()); err != nil {
			return Header{}, err
		}
		h, err := r.header(&b)
		if err != nil {
			return Header{}, err
		}
		switch h.Type {
		case typePAX, typePAXGlobal, typeGNUName, typeGNULink:
			if err := r.extend(&ext, h); err != nil {
				return Header{}, err
			}
		default:
			return r.begin(ext.apply(h))
		}
	}
}

// Read reads the content of the current entry.
func (r *Reader) Read(p []byte) (int, error) {
	if r.rest == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.rest)])
	r.rest -= int64(n)
	r.offset += int64(n)
	if err == io.EOF && r.rest > 0 {
		err = r.broken(RuleTruncated, "the content lacks %d bytes", r.rest)
	}
	return n, err
}

// begin makes h the current entry.
func (r *Reader) begin(h Header) (Header, error) {
	r.flush(h.Name)
	if h.Size < 0 {
		return h, r.broken(RuleSize, "the size %d is negative", h.Size)
	}
	switch h.Type {
	case TypeHardlink, TypeSymlink, TypeChar, TypeBlock, TypeDir, TypeFIFO:
		if h.Size != 0 {
			r.report(h.Name, RuleSize, fmt.Sprintf("an entry of type %q has the size %d, it must be 0", h.Type, h.Size))
		}
		h.Size = 0
	case typeGNUSparse:
		return h, r.broken(RuleSparse, "a sparse file in GNU's old format, which a layer must not contain")
	}
	r.content(h.Size)
	return h, nil
}

// content notes that size bytes of content come next.
func (r *Reader) content(size int64) {
	r.rest = size
	r.padding = (blockSize - size%blockSize) % blockSize
}

// finishEntry reads the rest of the current entry.
func (r *Reader) finishEntry() error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	var b block
	n, err := io.ReadFull(r.r, b[:r.padding])
	r.offset += int64(n)
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return r.broken(RuleTruncated, "the content is not padded to a whole block")
	case err != nil:
		return err
	}
	if !zeros(b[:n]) {
		r.report(r.entry, RulePadding, "the bytes after the content are not zero")
	}
	r.padding, r.entry = 0, ""
	return nil
}

// readBlock reads a header block. At the end of the tar it checks the end and returns io.EOF.
func (r *Reader) readBlock(b *block, extended bool) error {
	n, err := io.ReadFull(r.r, b[:])
	r.offset += int64(n)
	switch {
	case err == io.EOF:
		r.report("", RuleEnd, "the two zero blocks at the end are missing")
	case err == io.ErrUnexpectedEOF:
		return r.broken(RuleTruncated, "the tar ends inside a header, %d bytes after its beginning", n)
	case err != nil:
		return err
	case zeros(b[:]):
		if err := r.finish(); err != nil {
			return err
		}
	default:
		return nil
	}
	if extended {
		r.report("", RulePAX, "no entry follows an extended header")
	}
	return io.EOF
}

// finish reads the tar after its first zero block.
func (r *Reader) finish() error {
	var b block
	n, err := io.ReadFull(r.r, b[:])
	r.offset += int64(n)
	switch {
	case err == io.EOF:
		r.report("", RuleEnd, "the tar ends with one zero block, expected two")
		return nil
	case err != nil && err != io.ErrUnexpectedEOF:
		return err
	}
	clean, buf := zeros(b[:n]), make([]byte, 32<<10)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	for err == nil {
		n, err = r.r.Read(buf)
		r.offset += int64(n)
		clean = clean && zeros(buf[:n])
	}
	if !clean {
		r.report("", RuleEnd, "bytes that are not zero follow the end of the tar")
	}
	if r.offset%blockSize != 0 {
		r.report("", RuleEnd, fmt.Sprintf("the tar has %d bytes, which is not a multiple of %d", r.offset, blockSize))
	}
	if err != io.EOF {
		return err
	}
	return nil
}

// note keeps a problem until the entry's name is known.
func (r *Reader) note(rule, format string, args ...any) {
	r.pending = append(r.pending, problem{rule, fmt.Sprintf(format, args...)})
}

// flush reports the problems that were kept until the name of their entry was known.
func (r *Reader) flush(entry string) {
	r.entry = entry
	for _, p := range r.pending {
		r.report(entry, p.rule, p.text)
	}
	r.pending = nil
}

// broken reports the problem that ends the reading.
func (r *Reader) broken(rule, format string, args ...any) error {
	r.note(rule, format, args...)
	r.flush(r.entry)
	return ErrBroken
}

func zeros(data []byte) bool {
	for _, c := range data {
		if c != 0 {
			return false
		}
	}
	return true
}
