package decompress

import "io"

// The end of an xz stream (The .xz File Format, sections 2.1.2 and 2.2).
const (
	xzFooter  = 12   // bytes, read at once
	xzEnd     = "YZ" // the last of them
	xzPadding = 4    // bytes, zeros or the beginning of another stream
)

// parts is the input of the xz library. The library treats the end of the input as the end of the stream wherever a part
// of the stream begins, and within the header of a block, whose length may be damaged. This input may end only after a
// footer.
type parts struct {
	r      io.Reader
	footer bool // a footer has been read, and only padding after it
}

// Read implements io.Reader. It fills p if possible.
func (s *parts) Read(p []byte) (int, error) {
	n, err := io.ReadFull(s.r, p)
	if err == io.EOF && (!s.footer || len(p) != xzPadding) {
		err = io.ErrUnexpectedEOF
	}
	isFooter := n == xzFooter && string(p[n-len(xzEnd):]) == xzEnd
	s.footer = isFooter || s.footer && n == xzPadding && string(p) == "\x00\x00\x00\x00"
	return n, err
}
