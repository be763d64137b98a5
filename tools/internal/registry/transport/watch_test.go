package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/message"
)

// quick are limits that are short enough for tests.
var quick = Limits{Notice: 20 * time.Millisecond, Silence: 150 * time.Millisecond, Whole: 300 * time.Millisecond}

// patient are limits that a busy machine does not reach by accident.
var patient = Limits{Notice: time.Second, Silence: 2 * time.Second, Whole: 3 * time.Second}

// paced returns patient with a pace.
func paced(pace int64) Limits {
	limits := patient
	limits.Pace = pace
	return limits
}

// buffer collects notices.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) add(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data.WriteString(text + "\n")
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

func newClient(server *httptest.Server, limits Limits) *http.Client {
	return NewClient(server.Client().Transport.(*http.Transport).Clone(), limits)
}

// get reads all of an answer, as a document if bound is set.
func get(ctx context.Context, client *http.Client, url string, body io.Reader, bound bool) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, body)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if bound {
		Bound(resp.Body)
	}
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

func TestRoundTrip(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 64<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	stall := func() { <-ended }
	trickle := func(w http.ResponseWriter, n int) {
		for range n {
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
			http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	}
	tests := []struct {
		name   string
		serve  http.HandlerFunc
		upload bool
		bound  bool
		limits Limits
		want   string // what the server did not do; empty: success
	}{
		{"no answer", func(http.ResponseWriter, *http.Request) { stall() }, false, false, quick, sentNoReply},
		{"half a body", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 1); stall() }, false, false, quick, sentNothing},
		{"a body that trickles", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 70) }, false, false, patient, ""},
		{"a body that trickles too slowly", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 200) }, false, false,
			paced(1 << 10), sentLittle},
		{"a body that keeps the pace", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 70) }, false, false, paced(1), ""},
		{"a document that trickles", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 200) }, false, true, patient,
			notComplete},
		{"a document", func(w http.ResponseWriter, _ *http.Request) { trickle(w, 2) }, false, true, patient, ""},
		{"a body that is not taken", func(http.ResponseWriter, *http.Request) { stall() }, true, false, quick, tookNothing},
		{"a body that is taken slowly", func(w http.ResponseWriter, req *http.Request) {
			part := make([]byte, 1<<20)
			for range 60 {
				io.ReadFull(req.Body, part)
				time.Sleep(50 * time.Millisecond)
			}
			io.Copy(io.Discard, req.Body)
		}, true, false, patient, ""},
	}
	for _, test := range tests {
		for scheme, start := range map[string]func(http.Handler) *httptest.Server{
			"http": httptest.NewServer, "https": httptest.NewTLSServer,
		} {
			t.Run(test.name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				server := start(test.serve)
				defer server.CloseClientConnections()
				var notices buffer
				var body io.Reader
				if test.upload {
					f, err := os.Open(file)
					if err != nil {
						t.Fatal(err)
					}
					body = f
				}
				_, err := get(message.WithNotices(t.Context(), notices.add), newClient(server, test.limits), server.URL, body, test.bound)
				host := server.Listener.Addr().String()
				var silence *SilenceError
				switch {
				case test.want == "" && err != nil, test.want != "" && !errors.As(err, &silence):
					t.Error(err)
				case test.want != "" && (silence.Who != host || silence.What != test.want):
					t.Error(silence)
				}
				if want := "waiting for " + host + " ...\n"; test.limits == quick && notices.String() != want {
					t.Errorf("notices %q, want %q", notices.String(), want)
				}
			})
		}
	}
}

// A slow source is not the other side's silence, and causes no notice.
func TestSlowSource(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { io.Copy(w, req.Body) }))
	defer server.Close()
	var notices buffer
	text, err := get(message.WithNotices(t.Context(), notices.add), newClient(server, patient), server.URL, &slow{parts: "abc"}, true)
	if text != "abc" || err != nil || notices.String() != "" {
		t.Error(text, err, notices.String())
	}
}

// slow is a source that delays its second byte.
type slow struct{ parts string }

func (s *slow) Read(p []byte) (int, error) {
	if s.parts == "" {
		return 0, io.EOF
	}
	if len(s.parts) == 2 {
		time.Sleep(patient.Silence + 500*time.Millisecond)
	}
	n := copy(p, s.parts[:1])
	s.parts = s.parts[n:]
	return n, nil
}

// The error names a host that takes no connection, whether the transport or the limits end the wait.
func TestNoConnection(t *testing.T) {
	for _, timeout := range []time.Duration{50 * time.Millisecond, time.Hour} {
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
		}}
		_, err := get(t.Context(), NewClient(transport, quick), "http://registry.test", nil, false)
		var silence *SilenceError
		if !errors.As(err, &silence) || silence.Who != "registry.test" || silence.What != noConnection {
			t.Error(timeout, err)
		}
	}
}

// A slow reader is not the other side's silence.
func TestSlowReader(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 1<<20))
	}))
	defer server.Close()
	resp, err := newClient(server, patient).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var n int
	for err == nil {
		var part int
		part, err = resp.Body.Read(make([]byte, 512<<10))
		n += part
		if n < 1<<20 && part > 500<<10 {
			time.Sleep(patient.Silence + 500*time.Millisecond)
		}
	}
	if err != io.EOF || n != 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A watched connection can be reused.
func TestReuse(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(w, req.Body)
	}))
	var mu sync.Mutex
	connections := 0
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if state == http.StateNew {
			connections++
		}
	}
	server.Start()
	defer server.Close()
	client := newClient(server, patient)
	for range 10 {
		if text, err := get(t.Context(), client, server.URL, strings.NewReader("text"), true); text != "text" || err != nil {
			t.Fatal(text, err)
		}
	}
	if connections != 1 {
		t.Errorf("%d connections", connections)
	}
}

func TestAnswerLimit(t *testing.T) {
	for bytes, want := range map[int64]time.Duration{
		0: time.Minute, 20 << 20: 70 * time.Second, 1 << 40: 10 * time.Minute,
	} {
		if got := DefaultLimits.answer(WithWork(t.Context(), bytes)); got != want {
			t.Errorf("%d bytes: %s", bytes, got)
		}
	}
}
