package cas

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"testing"
)

// FuzzMessages reads arbitrary answers: the data is the same in small and in large pieces, and never more than was sent.
func FuzzMessages(f *testing.F) {
	f.Add([]byte{}, "0", true)
	f.Add([]byte{0, 0, 0, 0, 4, dataField<<3 | wireBytes, 2, 'h', 'i'}, "0", false)
	f.Add([]byte{0, 0, 0, 0, 3, 1 << 3, 0x80, 1, 0, 0, 0, 0, 0, 1}, "5", false)
	f.Add(append([]byte{0, 0, 0, 0, 11, 1 << 3}, bytes.Repeat([]byte{0xff}, 10)...), "0", false)
	f.Add(binary.AppendUvarint([]byte{0, 0xff, 0xff, 0xff, 0xff, 2<<3 | wireBytes}, 1<<62), "", false)
	f.Add([]byte{1, 0, 0, 0, 0}, "x", false)
	f.Fuzz(func(t *testing.T, answer []byte, status string, early bool) {
		read := func(size int) ([]byte, error) {
			resp := &http.Response{
				Header: make(http.Header), Trailer: make(http.Header), Body: io.NopCloser(bytes.NewReader(answer)),
			}
			if early {
				resp.Header.Set("Grpc-Status", status)
			} else {
				resp.Trailer.Set("Grpc-Status", status)
			}
			_, cancel := context.WithCancel(ctx)
			m := newMessages(resp, cancel)
			defer m.Close()
			var all []byte
			p := make([]byte, size)
			for {
				n, err := m.Read(p)
				all = append(all, p[:n]...)
				if err != nil {
					return all, err
				}
			}
		}
		small, smallErr := read(1)
		large, largeErr := read(64 << 10)
		if !bytes.Equal(small, large) || smallErr.Error() != largeErr.Error() || len(large) > len(answer) {
			t.Errorf("%q, %v in single bytes, %q, %v in large pieces", small, smallErr, large, largeErr)
		}
	})
}
