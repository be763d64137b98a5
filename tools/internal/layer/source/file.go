package source

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rules-strata/rules_strata/tools/internal/layer/tree"
)

// File is the content of the regular file at a path.
type File string

// Open implements tree.Content.
func (f File) Open() (io.ReadCloser, int64, error) {
	r, kind, size, err := open(string(f))
	if err != nil {
		return nil, 0, err
	}
	if kind != 0 {
		r.Close()
		return nil, 0, fmt.Errorf("%s: no longer a regular file", f)
	}
	return r, size, nil
}

// SniffLen is the number of bytes from the beginning of a file that Executable needs, if the file has that many.
const SniffLen = 64

// Executable reports whether a file that begins with start is a program: ELF, Mach-O (including universal binaries), PE,
// or a script that names its interpreter.
func Executable(start []byte) bool {
	if bytes.HasPrefix(start, []byte("#!")) {
		return true
	}
	if bytes.HasPrefix(start, []byte("MZ")) {
		return len(start) >= 64 // the size of the DOS header that every PE file has
	}
	if len(start) < 8 {
		return false
	}
	switch binary.BigEndian.Uint32(start) {
	case 0x7f454c46, // ELF
		0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, // Mach-O of 32 and 64 bits, in both byte orders
		0xcafebabf: // universal Mach-O with 64-bit offsets
		return true
	case 0xcafebabe:
		// Universal Mach-O, followed by the number of architectures, or a Java class, followed by its version, 45 or above.
		return binary.BigEndian.Uint32(start[4:]) < 45
	}
	return false
}

// Same reports whether two contents have the same bytes. A nil content is empty.
func Same(a, b tree.Content) (bool, error) {
	x, xSize, err := openContent(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, ySize, err := openContent(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	if xSize != ySize {
		return false, nil
	}
	return sameBytes(x, y)
}

func openContent(c tree.Content) (io.ReadCloser, int64, error) {
	if c == nil {
		return io.NopCloser(bytes.NewReader(nil)), 0, nil
	}
	return c.Open()
}

func sameBytes(x, y io.Reader) (bool, error) {
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errX := io.ReadFull(x, p)
		m, errY := io.ReadFull(y, q)
		if !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		endX, endY := isEnd(errX), isEnd(errY)
		switch {
		case errX != nil && !endX:
			return false, errX
		case errY != nil && !endY:
			return false, errY
		case endX || endY:
			return endX && endY, nil
		}
	}
}

func isEnd(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
