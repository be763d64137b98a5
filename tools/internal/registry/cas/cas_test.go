package cas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

var ctx = context.Background()

// waits returns options with which a cache counts its waits in n instead of sleeping.
func waits(n *int) Options {
	return Options{Wait: func(context.Context, time.Duration) error {
		*n++
		return nil
	}}
}

// read reads a blob and verifies it.
func read(address string, o Options, d oci.Descriptor) ([]byte, error) {
	cache, err := New(address, o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = content.Copy(ctx, &b, cache, d)
	return b.Bytes(), err
}

// random returns a blob of n bytes that do not repeat.
func random(n int) ([]byte, oci.Descriptor) {
	data := make([]byte, n)
	source := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range data {
		data[i] = byte(source.Uint32())
	}
	return data, oci.Descriptor{Digest: digest.FromBytes(data), Size: int64(n)}
}

// Reads the same blob through both protocols and every form of address, with one request each.
func TestRead(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 4096, 3 << 20} {
		data, d := random(n)
		hex := d.Digest.Encoded()
		s := &server{blobs: map[string][]byte{
			"cas/" + hex: data, "a/b/cas/" + hex: data,
			fmt.Sprintf("blobs/%s/%d", hex, n): data, fmt.Sprintf("team/x/blobs/%s/%d", hex, n): data,
		}}
		plain, h2, socket := start(t, s, "http"), start(t, s, "grpc"), start(t, s, "unix")
		addresses := []string{
			plain, plain + "/", plain + "/a/b/", h2, h2 + "/", h2 + "?instance=team/x", socket, socket + "?instance=team/x",
			"unix://" + strings.TrimPrefix(socket, "unix:"),
		}
		for _, address := range addresses {
			if got, err := read(address, Options{}, d); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d of %d bytes, %v", address, len(got), n, err)
			}
		}
		if len(s.asked) != len(addresses) {
			t.Errorf("%d requests for %d blobs: %q", len(s.asked), len(addresses), s.asked)
		}
	}
}

// A broken stream resumes where it broke, any number of times, as long as it makes progress.
func TestResume(t *testing.T) {
	data, d := random(1 << 20)
	const part = 100 << 10
	for _, scheme := range []string{"http", "grpc"} {
		s := &server{blobs: map[string][]byte{
			"cas/" + d.Digest.Encoded(): data, fmt.Sprintf("blobs/%s/%d", d.Digest.Encoded(), d.Size): data,
		}}
		s.fault = func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool {
			if len(data) > part {
				cut(w, r, data, part)
			}
			return false
		}
		paused := 0
		got, err := read(start(t, s, scheme), waits(&paused), d)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v", scheme, len(got), err)
		}
		// Bytes sent before the break may be lost on the way.
		if n := len(s.asked); n < 11 || n > 20 || paused != n-1 {
			t.Errorf("%s: %d requests, %d waits: %q", scheme, n, paused, s.asked)
		}
		last := s.asked[len(s.asked)-1]
		if strings.HasSuffix(last, " 0") {
			t.Errorf("%s: it started over: %s", scheme, last)
		}
	}
}

// A cache that does not support ranges, and one that ends early but reports success.
func TestResumeOtherwise(t *testing.T) {
	data, d := random(1 << 20)
	name := "cas/" + d.Digest.Encoded()
	noRanges := &server{blobs: map[string][]byte{name: data}}
	noRanges.fault = func(n int, w http.ResponseWriter, r *http.Request, rest []byte) bool {
		if n == 0 {
			cut(w, r, rest, len(rest)/2)
		}
		w.Write(data)
		return true
	}
	early := &server{blobs: map[string][]byte{fmt.Sprintf("blobs/%s/%d", d.Digest.Encoded(), d.Size): data}}
	early.fault = func(n int, w http.ResponseWriter, r *http.Request, rest []byte) bool {
		if n == 0 {
			grpcData(w, rest[:len(rest)/2])
			grpcEnd(w, 0, "")
		}
		return n == 0
	}
	for scheme, s := range map[string]*server{"http": noRanges, "grpc": early} {
		paused := 0
		got, err := read(start(t, s, scheme), waits(&paused), d)
		if err != nil || !bytes.Equal(got, data) || paused != 1 {
			t.Errorf("%s: %d bytes, %v, %d waits", scheme, len(got), err, paused)
		}
	}
}

// A cache that disappears in the middle of a blob may come back; one that has never answered is not tried again.
func TestRestart(t *testing.T) {
	data, d := random(1 << 20)
	s := &server{blobs: map[string][]byte{"cas/" + d.Digest.Encoded(): data}}
	s.fault = func(n int, w http.ResponseWriter, r *http.Request, rest []byte) bool {
		if n == 0 {
			cut(w, r, rest, len(rest)/2)
		}
		return false
	}
	first := httptest.NewUnstartedServer(s)
	first.Config.ErrorLog = log.New(io.Discard, "", 0)
	first.Start()
	host, waited := first.Listener.Addr().String(), 0
	o := Options{Wait: func(context.Context, time.Duration) error {
		switch waited++; waited {
		case 1:
			first.Close()
		case 3:
			listener, err := net.Listen("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			second := &http.Server{Handler: s}
			t.Cleanup(func() { second.Close() })
			go second.Serve(listener)
		}
		return nil
	}}
	if got, err := read("http://"+host, o, d); err != nil || !bytes.Equal(got, data) || waited != 3 {
		t.Errorf("%d bytes, %v, %d waits", len(got), err, waited)
	}
	waited = 1
	if _, err := read("http://127.0.0.1:1", o, d); err == nil || waited != 1 {
		t.Errorf("%v, %d waits", err, waited-1)
	}
}

// A busy cache is tried again after the time that it states, unless that is too long.
func TestRetryAfter(t *testing.T) {
	data, d := random(10)
	for header, want := range map[string]string{"7": "[7s]", "3600": "[]"} {
		s := &server{blobs: map[string][]byte{"cas/" + d.Digest.Encoded(): data}}
		s.fault = func(n int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			if n == 0 {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n == 0
		}
		waits := []time.Duration{}
		_, err := read(start(t, s, "http"), Options{Wait: func(_ context.Context, d time.Duration) error {
			waits = append(waits, d)
			return nil
		}}, d)
		if fmt.Sprint(waits) != want || (err == nil) != (len(waits) > 0) {
			t.Errorf("Retry-After %s: waits %v, %v", header, waits, err)
		}
	}
}

// Answers that must not be read as the blob.
func TestRefusals(t *testing.T) {
	data, d := random(1000)
	status := func(code int) func(int, http.ResponseWriter, *http.Request, []byte) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			w.WriteHeader(code)
			return true
		}
	}
	end := func(code int, message string) func(int, http.ResponseWriter, *http.Request, []byte) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			grpcEnd(w, code, message)
			return true
		}
	}
	message := func(prefix ...byte) func(int, http.ResponseWriter, *http.Request, []byte) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			grpcData(w, nil)
			w.Write(prefix)
			return true
		}
	}
	wrong := func(other []byte) func(int, http.ResponseWriter, *http.Request, []byte) bool {
		return func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.ProtoMajor == 2 {
				grpcData(w, other)
				grpcEnd(w, 0, "")
			} else {
				w.Write(other)
			}
			return true
		}
	}
	const short = "the answer ends "
	tests := []struct {
		scheme string
		fault  func(int, http.ResponseWriter, *http.Request, []byte) bool
		want   string // after the name of cache and blob; after "=", the whole error
		asked  int
	}{
		{"http", status(404), "blob not found", 1},
		{"http", status(403), "403 Forbidden", 1},
		{"http", status(204), "204 No Content", 1},
		{"http", status(503), "503 Service Unavailable (5 attempts)", 5},
		{"http", wrong(data[:999]), short + "before byte 999 (5 attempts)", 5},
		{"http", wrong(append(data[:999:999], 0)), "=" + d.Digest.String() + ": content has the digest " +
			digest.FromBytes(append(data[:999:999], 0)).String(), 1},
		{"http", wrong(append(data[:1000:1000], 0)), "=" + d.Digest.String() +
			": content is longer than the promised 1000 bytes", 1},
		{"grpc", end(5, ""), "blob not found", 1},
		{"grpc", end(7, "who%20are you?%0a"), "PERMISSION_DENIED: who are you? ", 1},
		{"grpc", end(14, ""), "UNAVAILABLE (5 attempts)", 5},
		{"grpc", end(99, "x"), "UNKNOWN: x (5 attempts)", 5},
		{"grpc", status(404), "the server has no ByteStream service", 1},
		{"grpc", status(502), "502 Bad Gateway (5 attempts)", 5},
		{"grpc", status(200), `not a gRPC server: the answer has the type ""`, 1},
		{"grpc", message(1, 0, 0, 0, 0), "a message has the unexpected flags 0x1", 1},
		{"grpc", message(0, 0, 0, 0, 1, 0x80), "not a ByteStream service: invalid message", 1},
		{"grpc", message(0, 0, 0, 0, 2, 0x0a, 5), "not a ByteStream service: invalid message", 1},
		{"grpc", message(0, 0, 0, 0, 2, 0x0b, 5), "not a ByteStream service: invalid message", 1},
		{"grpc", message(0, 0), "unexpected EOF (5 attempts)", 5},
		{"grpc", message(), "unexpected EOF (5 attempts)", 5},
		{"grpc", wrong(data[:999]), short + "after 999 of 1000 bytes (5 attempts)", 5},
		{"grpc", wrong(append(data[:1000:1000], 0)), "=" + d.Digest.String() +
			": content is longer than the promised 1000 bytes", 1},
	}
	for _, test := range tests {
		s := &server{fault: test.fault}
		if strings.HasPrefix(test.want, short) { // The rest of the blob is never there.
			s.fault = func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if n > 0 {
					return wrong(nil)(n, w, r, nil)
				}
				return test.fault(n, w, r, nil)
			}
		}
		address, paused := start(t, s, test.scheme), 0
		want := "remote cache " + address + ": " + d.Digest.String() + ": " + test.want
		if text, ok := strings.CutPrefix(test.want, "="); ok {
			want = text
		}
		_, err := read(address, waits(&paused), d)
		if err == nil || err.Error() != want || len(s.asked) != test.asked {
			t.Errorf("%s: error %v, %d requests\nwant %s, %d", test.scheme, err, len(s.asked), want, test.asked)
		}
		if missing := strings.HasSuffix(want, "blob not found"); errors.Is(err, content.ErrNotFound) != missing {
			t.Errorf("%s: error %v, is it ErrNotFound? %t", test.scheme, err, !missing)
		}
	}
}
