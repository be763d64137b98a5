package registry

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/transport"
)

// TestSilence makes requests to registries that fall silent, each at a different point. Every wait ends with an error that
// names the host, after exactly one more attempt.
func TestSilence(t *testing.T) {
	data := []byte("content")
	d := oci.Descriptor{Digest: digest.FromBytes(data), Size: int64(len(data))}
	fetch := func(t *testing.T, r *Repository) error {
		_, _, err := r.Fetch(t.Context(), "v1")
		return err
	}
	open := func(t *testing.T, r *Repository) error {
		blob, err := r.Open(t.Context(), d)
		if err != nil {
			return err
		}
		defer blob.Close()
		_, err = io.ReadAll(blob)
		return err
	}
	put := func(t *testing.T, r *Repository) error {
		_, err := r.PutBlob(t.Context(), imagetest.Store{d.Digest: data}, d)
		return err
	}
	tests := []struct {
		name   string
		stall  string // the end of the path at which the registry falls silent
		method string
		begins string // of the body
		status int
		do     func(*testing.T, *Repository) error
		what   string
	}{
		{"headers", "/manifests/v1", "GET", "", 0, fetch, "sent no answer"},
		{"document", "/manifests/v1", "GET", "{", 200, fetch, "sent nothing more"},
		{"error", "/manifests/v1", "GET", "{", 404, fetch, "sent nothing more"},
		{"token", "/token", "GET", "", 0, fetch, "sent no answer"},
		{"half a token", "/token", "GET", "{", 200, fetch, "sent nothing more"},
		{"blob", d.Digest.String(), "GET", "c", 200, open, "sent nothing more"},
		{"upload's address", "/uploads/", "POST", "", 0, put, "sent no answer"},
		{"upload", "/uploads/1", "PUT", "", 0, put, "sent no answer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{})
			var stalls atomic.Int32
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				switch {
				case strings.HasSuffix(req.URL.Path, test.stall) && req.Method == test.method:
					stalls.Add(1)
					if test.status != 0 {
						w.Header().Set("Content-Length", "100")
						w.WriteHeader(test.status)
						io.WriteString(w, test.begins)
						http.NewResponseController(w).Flush()
					}
					<-ended
				case strings.Contains(test.name, "token") && req.URL.Path != "/v2/":
					w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token"`)
					w.WriteHeader(http.StatusUnauthorized)
				case req.Method == "POST":
					w.Header().Set("Location", req.URL.Path+"1")
					w.WriteHeader(http.StatusAccepted)
				case req.Method == "HEAD":
					w.WriteHeader(http.StatusNotFound)
				}
			}))
			defer server.Close()
			defer close(ended)
			host := server.Listener.Addr().String()
			r, waits := repository(t, host, Options{})
			// Do not cut the TLS probe short.
			r.client.hosts.Limits = transport.Limits{
				Notice: time.Minute, Silence: 200 * time.Millisecond, Whole: time.Minute,
			}
			err := test.do(t, r)
			var silence *transport.SilenceError
			if !errors.As(err, &silence) || silence.Who != host || silence.What != test.what {
				t.Errorf("%v (%+v)", err, silence)
			}
			want := int32(2)
			if test.status == http.StatusNotFound { // The status alone is a final answer.
				want = 1
			}
			if stalls.Load() != want || len(*waits) > 1 {
				t.Errorf("%d requests, waits %v", stalls.Load(), *waits)
			}
		})
	}
}

// TestBadToken checks that a token that does not fit into a header is not tried twice.
func TestBadToken(t *testing.T) {
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token"`)
		if req.URL.Path == "/token" {
			io.WriteString(w, `{"token":"a\nb"}`)
		} else {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	host := server.Listener.Addr().String()
	r, waits := repository(t, host, Options{})
	_, err := r.Resolve(t.Context(), "v1")
	wantError(t, "from a server", err, host+"/team/app: manifest v1: token server "+host+
		": the token contains a line break or another control character")
	r, moreWaits := repository(t, host, Options{Credentials: known{RegistryToken: "a\n"}})
	_, err = r.Resolve(t.Context(), "v1")
	wantError(t, "from a file", err, host+"/team/app: manifest v1: credentials: registrytoken of "+host+
		": the token contains a line break or another control character")
	if len(*waits)+len(*moreWaits) > 0 {
		t.Errorf("waits %v, %v", *waits, *moreWaits)
	}
}

// TestSilentTokenServer requests many tokens at once: all requests wait for the same silence, not one after the other.
func TestSilentTokenServer(t *testing.T) {
	ended := make(chan struct{})
	var tokens atomic.Int32
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/token" {
			tokens.Add(1)
			<-ended
		} else if req.URL.Path != "/v2/" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	defer close(ended)
	r, _ := repository(t, server.Listener.Addr().String(), Options{})
	r.client.wait = nil
	r.client.hosts.Limits = transport.Limits{Notice: time.Minute, Silence: 1500 * time.Millisecond, Whole: time.Minute}
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			_, err := r.Resolve(t.Context(), "v1")
			t.Log(time.Now(), err)
			if err == nil {
				t.Error("no error")
			}
		})
	}
	group.Wait()
	if n := tokens.Load(); n > 4 {
		t.Errorf("%d requests for a token", n)
	}
}
