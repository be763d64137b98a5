package rootfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// Holes are whole blocks of zeros, at the positions of blocks, and the end of a file.
func TestScan(t *testing.T) {
	const b = BlockSize
	for _, c := range []struct {
		size int
		ones []int // positions of bytes that are not zero
		want string
	}{
		{1, []int{0}, "[{0 1}]"},
		{1, nil, "[]"},
		{b, nil, "[]"},
		{b, []int{b - 1}, "[{0 4096}]"},
		{b + 1, []int{0}, "[{0 4096}]"},
		{b + 1, []int{b}, "[{4096 1}]"},
		{b + 1, []int{5, b}, "[{0 4097}]"},
		{3 * b, []int{0, b, 2 * b}, "[{0 12288}]"},
		{5*b + 7, []int{b, 2*b + 1, 4 * b}, "[{4096 8192} {16384 4096}]"},
	} {
		data := make([]byte, c.size)
		for _, at := range c.ones {
			data[at] = 1
		}
		spent := 0
		runs, err := scan(bytes.NewReader(data), int64(c.size), make([]byte, b), func(n int) error {
			spent += n
			return nil
		})
		f := File{Size: int64(c.size), runs: runs}
		if got := fmt.Sprint(f.Runs()); err != nil || got != c.want {
			t.Errorf("%d bytes, %v: got %s, %v", c.size, c.ones, got, err)
		}
		if len(f.Runs())*runCost != spent {
			t.Errorf("%d bytes, %v: memory %d", c.size, c.ones, spent)
		}
	}
	if runs := new(File).Runs(); len(runs) != 0 {
		t.Errorf("an empty file has %v", runs)
	}
}

// A content that ends too early and too much memory are errors.
func TestScanFails(t *testing.T) {
	block := make([]byte, BlockSize)
	_, err := scan(bytes.NewReader(make([]byte, 10)), 11, block, func(int) error { return nil })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	_, err = scan(bytes.NewReader([]byte{1}), 1, block, func(int) error { return errTooMany })
	if !errors.Is(err, errTooMany) {
		t.Errorf("got %v", err)
	}
}
