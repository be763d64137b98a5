package cas

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
)

// The wire types of protocol buffers (protobuf.dev, "Encoding").
const (
	wireVarint = 0
	wireFixed8 = 1
	wireBytes  = 2
	wireFixed4 = 5
)

// dataField is the number of "data", the only field of google.bytestream.ReadResponse.
const dataField = 10

// messages reads the data of the ReadResponse messages that a Read call streams back. It does not buffer messages, so
// their size does not matter.
type messages struct {
	resp   *http.Response
	cancel context.CancelFunc
	r      *bufio.Reader
	left   uint64 // bytes of the current message after the current field
	data   uint64 // bytes of the current data field to come
}

func newMessages(resp *http.Response, cancel context.CancelFunc) *messages {
	return &messages{resp: resp, cancel: cancel, r: bufio.NewReaderSize(resp.Body, 32<<10)}
}

// await waits for the first message, or for the end of a call without messages.
func (m *messages) await() error {
	_, err := m.r.Peek(1)
	if err == io.EOF {
		err = m.end()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// end returns the error that the end of the answer reports, or io.EOF on success. A call that fails at once may have
// its status at the beginning.
func (m *messages) end() error {
	if m.resp.Header.Get("Grpc-Status") != "" {
		return checkStatus(m.resp.Header)
	}
	return checkStatus(m.resp.Trailer)
}

// Read implements io.Reader.
func (m *messages) Read(p []byte) (int, error) {
	for m.data == 0 {
		var err error
		if m.left == 0 {
			err = m.nextMessage()
		} else {
			err = m.nextField()
		}
		if err != nil {
			return 0, err
		}
	}
	n, err := m.r.Read(p[:min(uint64(len(p)), m.data)])
	m.data -= uint64(n)
	if n > 0 {
		err = nil // The next call returns it again.
	}
	return n, unexpected(err)
}

// nextMessage reads the prefix that gRPC puts before a message or, after the last one, the call's status.
func (m *messages) nextMessage() error {
	var prefix [5]byte
	if _, err := io.ReadFull(m.r, prefix[:]); err == io.EOF {
		return m.end()
	} else if err != nil {
		return err
	}
	if prefix[0] != 0 {
		return &protocolError{fmt.Sprintf("a message has the unexpected flags %#x", prefix[0])}
	}
	m.left = uint64(binary.BigEndian.Uint32(prefix[1:]))
	return nil
}

// nextField reads the start of a data field, and skips any other field.
func (m *messages) nextField() error {
	tag, err := m.varint()
	if err != nil {
		return err
	}
	var size uint64
	switch tag & 7 {
	case wireVarint:
		_, err := m.varint()
		return err
	case wireFixed8:
		size = 8
	case wireFixed4:
		size = 4
	case wireBytes:
		if size, err = m.varint(); err != nil {
			return err
		}
	default:
		return errMessage
	}
	if size > m.left {
		return errMessage
	}
	m.left -= size
	if tag == dataField<<3|wireBytes {
		m.data = size
		return nil
	}
	_, err = m.r.Discard(int(size))
	return unexpected(err)
}

// errMessage is returned when a message is not a valid protocol buffer.
var errMessage = &protocolError{"not a ByteStream service: invalid message"}

// varint reads a number inside the current message.
func (m *messages) varint() (uint64, error) {
	var value uint64
	for shift := 0; shift < 64; shift += 7 {
		if m.left == 0 {
			return 0, errMessage
		}
		b, err := m.r.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		m.left--
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value, nil
		}
	}
	return 0, errMessage
}

// unexpected returns the error for a stream that ends inside a message.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close implements io.Closer. It ends the call.
func (m *messages) Close() error {
	m.cancel()
	return m.resp.Body.Close()
}
