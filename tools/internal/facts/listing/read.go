package listing

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
)

// Reader reads listings.
type Reader struct {
	zstd    *zstd.Decoder
	scanner *bufio.Scanner
	left    int // entries of the current layer that were not read
}

// NewReader returns a reader of the listings in r. Close releases its memory.
func NewReader(r io.Reader) (*Reader, error) {
	dec, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, err
	}
	scanner := bufio.NewScanner(dec)
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	return &Reader{zstd: dec, scanner: scanner}, nil
}

// Close releases the reader's memory.
func (r *Reader) Close() { r.zstd.Close() }

// Next returns the header of the next layer, or io.EOF after the last one. It skips entries that were not read.
func (r *Reader) Next() (Header, error) {
	for ; r.left > 0; r.left-- {
		if err := r.scan(); err != nil {
			return Header{}, unexpected(err)
		}
	}
	var h Header
	if err := r.line(&h); err != nil {
		return Header{}, err
	}
	if err := h.check(); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	r.left = h.Entries
	return h, nil
}

// Entries returns the entries of the current layer that were not read before. An error ends them.
func (r *Reader) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for r.left > 0 {
			r.left--
			e, err := r.entry()
			if err != nil {
				r.left = 0
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (r *Reader) entry() (Entry, error) {
	var e Entry
	err := unexpected(r.line(&e))
	if err == nil {
		err = e.check()
	}
	return e, err
}

// line reads a line into v.
func (r *Reader) line(v any) error {
	if err := r.scan(); err != nil {
		return err
	}
	if err := json.Unmarshal(r.scanner.Bytes(), v); err != nil {
		return fmt.Errorf("damaged listing: %w", err)
	}
	return nil
}

// scan reads a line, and returns io.EOF at the end.
func (r *Reader) scan() error {
	if r.scanner.Scan() {
		return nil
	}
	if err := r.scanner.Err(); err != nil {
		return fmt.Errorf("damaged listing: %w", err)
	}
	return io.EOF
}

// unexpected returns the error for a file that ends in the listing of a layer.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
