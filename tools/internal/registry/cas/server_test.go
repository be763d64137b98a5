package cas

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a remote cache in both protocols, with faults.
type server struct {
	blobs map[string][]byte // by path below the root or resource name
	// fault may spoil the nth answer, counted from 0, and then returns true. It gets the rest of the blob.
	fault func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool

	mu    sync.Mutex
	asked []string // "NAME OFFSET AUTHORIZATION"
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, offset := strings.TrimPrefix(r.URL.Path, "/"), int64(0)
	isGRPC := r.Header.Get("Content-Type") == "application/grpc"
	if isGRPC {
		name, offset = parseReadRequest(r)
	} else if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		offset, _ = strconv.ParseInt(strings.TrimSuffix(text, "-"), 10, 64)
	}
	s.mu.Lock()
	n := len(s.asked)
	s.asked = append(s.asked, strings.TrimSpace(fmt.Sprintf("%s %d %s", name, offset, r.Header.Get("Authorization"))))
	s.mu.Unlock()
	data, found := s.blobs[name]
	if s.fault != nil && s.fault(n, w, r, data[min(offset, int64(len(data))):]) {
		return
	}
	switch {
	case isGRPC && !found:
		grpcEnd(w, 5, "no such blob")
	case isGRPC:
		grpcData(w, data[offset:])
		grpcEnd(w, 0, "")
	case !found:
		http.NotFound(w, r)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// parseReadRequest parses a call's ReadRequest, as google/bytestream/bytestream.proto defines it.
func parseReadRequest(r *http.Request) (resource string, offset int64) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/google.bytestream.ByteStream/Read" || r.Header.Get("Te") != "trailers" ||
		len(body) < 7 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:5])) != len(body)-5 || body[5] != 0x0a {
		return fmt.Sprintf("not a call: %s %q %v", r.URL, body, err), 0
	}
	size, n := binary.Uvarint(body[6:])
	resource, rest := string(body[6+n:6+n+int(size)]), body[6+n+int(size):]
	if len(rest) > 0 && rest[0] == 0x10 {
		value, _ := binary.Uvarint(rest[1:])
		offset = int64(value)
	}
	return resource, offset
}

// grpcData sends data in messages of several sizes; each has an unknown field of every type as well.
func grpcData(w http.ResponseWriter, data []byte) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
	unknown := []byte{1<<3 | wireVarint, 0x80, 1, 2<<3 | wireFixed8, 1, 2, 3, 4, 5, 6, 7, 8, 3<<3 | wireFixed4, 1, 2, 3, 4,
		4<<3 | wireBytes, 2, 0xff, 0xff}
	for size := 1; len(data) > 0; size = size*3 + 1 {
		part := data[:min(size, len(data))]
		data = data[len(part):]
		message := append(bytes.Clone(unknown), dataField<<3|wireBytes)
		message = append(binary.AppendUvarint(message, uint64(len(part))), part...)
		message = append(message, unknown...)
		w.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))))
		w.Write(message)
	}
}

// grpcEnd ends a call with a status.
func grpcEnd(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Grpc-Status", strconv.Itoa(code))
	w.Header().Set("Grpc-Message", message)
}

// cut ends an answer in the middle of its data, in a way that the client notices.
func cut(w http.ResponseWriter, r *http.Request, data []byte, n int) {
	if r.ProtoMajor == 2 {
		grpcData(w, data[:n])
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if r.Header.Get("Range") != "" {
			whole := strings.TrimPrefix(r.Header.Get("Range"), "bytes=")
			start, _ := strconv.Atoi(strings.TrimSuffix(whole, "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", start, start+len(data)-1))
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(data[:n])
	}
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// start starts the server, which listens as the scheme requires, and returns its address.
func start(t *testing.T, s *server, scheme string) (address string) {
	t.Helper()
	ts := httptest.NewUnstartedServer(s)
	ts.Config.ErrorLog = nil
	ts.Config.Protocols = new(http.Protocols)
	ts.Config.Protocols.SetHTTP1(scheme == "http")
	ts.Config.Protocols.SetUnencryptedHTTP2(scheme != "http")
	var path string
	if scheme == "unix" {
		path = filepath.Join(t.TempDir(), "s")
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		ts.Listener.Close()
		ts.Listener = listener
	}
	ts.Start()
	t.Cleanup(ts.Close)
	if scheme == "unix" {
		return "unix:" + path
	}
	return scheme + "://" + ts.Listener.Addr().String()
}
