package cas

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// The client gives up on a cache that falls silent twice, before its answer or in the middle of it.
func TestSilence(t *testing.T) {
	data, d := random(10000)
	for _, scheme := range []string{"http", "grpc"} {
		for _, sent := range []int{0, 4000} {
			ended := make(chan struct{})
			s := &server{fault: func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				if sent > 0 && scheme == "grpc" {
					grpcData(w, data[:sent])
				} else if sent > 0 {
					w.Header().Set("Content-Length", "10000")
					w.Write(data[:sent])
				}
				if sent > 0 {
					http.NewResponseController(w).Flush()
				}
				<-ended
				return true
			}}
			address := start(t, s, scheme)
			t.Cleanup(func() { close(ended) }) // before the server waits for its answers to end
			n := 0
			o := waits(&n)
			o.Limits = transport.Limits{Notice: time.Minute, Silence: 500 * time.Millisecond, Whole: time.Minute}
			_, err := read(address, o, d)
			s.mu.Lock()
			asked := len(s.asked)
			s.mu.Unlock()
			var silence *transport.SilenceError
			_, host, _ := strings.Cut(address, "://")
			if !errors.As(err, &silence) || silence.Who != host || asked != 2 {
				t.Errorf("%s after %d bytes: %v, %d requests", scheme, sent, err, asked)
			}
		}
	}
}

// A user in the address is sent as basic authentication, over gRPC as well.
func TestUser(t *testing.T) {
	data, d := random(10)
	for _, scheme := range []string{"http", "grpc"} {
		s := &server{blobs: map[string][]byte{
			"cas/" + d.Digest.Encoded(): data, "blobs/" + d.Digest.Encoded() + "/10": data,
		}}
		address := strings.Replace(start(t, s, scheme), "://", "://bob:secret@", 1)
		if _, err := read(address, Options{}, d); err != nil || !strings.HasSuffix(s.asked[0], " Basic Ym9iOnNlY3JldA==") {
			t.Errorf("%s: %q, %v", scheme, s.asked, err)
		}
	}
}
