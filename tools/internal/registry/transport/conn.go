package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// step is how many bytes of a file the kernel sends at a time, so that progress is visible.
const step = 256 << 10

// count makes the connections of a transport count what they send. Its dialer must be set before.
func count(t *http.Transport) {
	dial := t.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &counted{Conn: conn}, nil
	}
}

// counted is a connection that counts the bytes it has sent.
type counted struct {
	net.Conn
	written atomic.Int64
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that a file is still sent by the kernel (sendfile), step by step.
func (c *counted) ReadFrom(r io.Reader) (total int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: 1<<63 - 1}
	}
	for limited.N > 0 {
		part := &io.LimitedReader{R: limited.R, N: min(step, limited.N)}
		n, err := io.Copy(c.Conn, part)
		c.written.Add(n)
		total += n
		limited.N -= n
		if err != nil || part.N > 0 {
			return total, err
		}
	}
	return total, nil
}
