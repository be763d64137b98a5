package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// TestUploadFaults injects faults into uploads.
func TestUploadFaults(t *testing.T) {
	const (
		head, post = "HEAD /v2/team/app/blobs/%", "POST /v2/team/app/blobs/uploads/"
		put1, put2 = "PUT /v2/team/app/blobs/uploads/1", "PUT /v2/team/app/blobs/uploads/2"
		get1       = "GET /v2/team/app/blobs/uploads/1"
	)
	tests := []struct {
		name     string
		pattern  string
		times    int
		fault    registrytest.Fault
		requests []string
		waits    int
		want     string // the error's end; empty: none
	}{
		{"none", "-", 0, nil, []string{post, put1}, 0, ""},
		{"too many requests", "POST", 1, registrytest.Refuse(429, "TOOMANYREQUESTS", "slow down", "Retry-After", "7"),
			[]string{post, head, post, put1}, 1, ""},
		{"too long to wait", "POST", 1, registrytest.Refuse(429, "TOOMANYREQUESTS", "slow down", "Retry-After", "3600"),
			[]string{post}, 0, "429 TOOMANYREQUESTS: slow down (Retry-After: 3600)"},
		{"server error", "POST", 2, registrytest.Refuse(500, "UNKNOWN", "oops"),
			[]string{post, head, post, head, post, put1}, 2, ""},
		{"always unavailable", "POST", 9, registrytest.Refuse(503, "UNKNOWN", "oops"),
			[]string{post, head, post, head, post, head, post, head, post}, 4, "503 UNKNOWN: oops (5 attempts)"},
		{"denied", "POST", 1, registrytest.Refuse(403, "DENIED", "requested access is denied"),
			[]string{post}, 0, "403 DENIED: requested access is denied"},
		{"dropped at once", "PUT", 1, registrytest.Drop(0), []string{post, put1, get1, head, post, put2}, 1, ""},
		{"dropped half-way", "PUT", 1, registrytest.Drop(50_000), []string{post, put1, get1, head, post, put2}, 1, ""},
		{"upload forgotten", "PUT", 1, registrytest.Refuse(404, "BLOB_UPLOAD_UNKNOWN", "gone"),
			[]string{post, put1, get1, head, post, put2}, 1, ""},
		{"range refused", "PUT", 1, registrytest.Refuse(416, "SIZE_INVALID", "start again"),
			[]string{post, put1, get1, head, post, put2}, 1, ""},
		{"digest refused", "PUT", 1, registrytest.Refuse(400, "DIGEST_INVALID", "not that"),
			[]string{post, put1}, 0, "400 DIGEST_INVALID: not that"},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		r, waits := repository(t, server.Host, Options{})
		store := imagetest.Store{}
		d := store.Add("text/plain", []byte(strings.Repeat("x", 2*expectSize)))
		if test.times > 0 {
			server.Inject("^"+test.pattern, test.times, test.fault)
		}
		_, err := r.PutBlob(t.Context(), store, d)
		if test.want == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.want != "" {
			wantError(t, test.name, err, server.Host+"/team/app: upload of blob "+d.Digest.String()+": "+test.want)
		}
		got := paths(server.Requests())
		for i := range got {
			got[i] = strings.Replace(got[i], d.Digest.String(), "%", 1)
		}
		if !reflect.DeepEqual(got, test.requests) || len(*waits) != test.waits {
			t.Errorf("%s: requests %q, %d waits\nwant %q, %d", test.name, got, len(*waits), test.requests, test.waits)
		}
	}
}

// TestLostAnswer checks that a blob that arrived is not sent again if only the answer was lost.
func TestLostAnswer(t *testing.T) {
	server := registrytest.New(t)
	r, _ := repository(t, server.Host, Options{})
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	server.Inject("PUT", 1, server.Lose())
	if _, err := r.PutBlob(t.Context(), store, d); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST /v2/team/app/blobs/uploads/", "PUT /v2/team/app/blobs/uploads/1",
		"HEAD /v2/team/app/blobs/" + d.Digest.String(),
	}
	if got := paths(server.Requests()); !reflect.DeepEqual(got, want) {
		t.Errorf("requests %q\nwant %q", got, want)
	}
}

// TestDownloadFaults breaks connections while a blob is read.
func TestDownloadFaults(t *testing.T) {
	data := []byte(strings.Repeat("0123456789", 10_000))
	tests := []struct {
		name    string
		patch   func(server *registrytest.Registry)
		waits   int
		wantErr string // a part of the error; empty: none
	}{
		{"twice", func(s *registrytest.Registry) { s.Inject("GET", 2, s.Cut(40_000)) }, 0, ""},
		{"twice, then unavailable", func(s *registrytest.Registry) {
			s.Inject("GET", 2, s.Cut(40_000))
			s.Inject("GET", 1, registrytest.Refuse(503, "UNKNOWN", "oops"))
		}, 1, ""},
		{"no ranges", func(s *registrytest.Registry) {
			s.Inject("GET", 1, s.Cut(40_000))
			s.Inject("GET", 1, func(_ http.ResponseWriter, req *http.Request) bool {
				if req.Header.Get("Range") != "bytes=40000-" {
					t.Errorf("Range: %q", req.Header.Get("Range"))
				}
				req.Header.Del("Range")
				return false
			})
		}, 0, ""},
		{"always", func(s *registrytest.Registry) { s.Inject("GET", 9, s.Cut(10)) }, 0, "unexpected EOF"},
		{"vanished", func(s *registrytest.Registry) {
			s.Inject("GET", 1, s.Cut(10))
			s.Inject("GET", 1, registrytest.Refuse(404, "BLOB_UNKNOWN", "gone"))
		}, 0, "404 BLOB_UNKNOWN: gone"},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		r, waits := repository(t, server.Host, Options{})
		d := oci.Descriptor{Digest: server.AddBlob("team/app", data), Size: int64(len(data))}
		test.patch(server)
		got, err := content.ReadAll(t.Context(), r, d)
		switch {
		case test.wantErr == "" && (err != nil || string(got) != string(data)):
			t.Errorf("%s: %d bytes, %v", test.name, len(got), err)
		case test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)):
			t.Errorf("%s: %v, want %s", test.name, err, test.wantErr)
		}
		if len(*waits) != test.waits {
			t.Errorf("%s: %d waits, want %d", test.name, len(*waits), test.waits)
		}
	}
}

// TestManifestFaults cuts off a manifest, which is then read again from the beginning.
func TestManifestFaults(t *testing.T) {
	server := registrytest.New(t)
	r, waits := repository(t, server.Host, Options{})
	want := server.AddManifest("team/app", "v1", oci.MediaTypeManifest, []byte(`{"schemaVersion":2}`))
	server.Inject("GET", 2, server.Cut(5))
	d, _, err := r.Fetch(t.Context(), "v1")
	if err != nil || d.Digest != want || len(*waits) != 2 {
		t.Errorf("Fetch = %s, %v, %d waits", d.Digest, err, len(*waits))
	}
}

func TestWaits(t *testing.T) {
	server := registrytest.New(t)
	r, waits := repository(t, server.Host, Options{})
	server.Inject("HEAD", 4, registrytest.Drop(0))
	d := oci.Descriptor{Digest: server.AddBlob("team/app", []byte("x")), Size: 1}
	if _, err := r.HasBlob(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for i, longest := range []time.Duration{500, 1000, 2000, 4000} {
		longest *= time.Millisecond
		if got := (*waits)[i]; got < longest/2 || got >= longest {
			t.Errorf("wait %d is %v, want between %v and %v", i+1, got, longest/2, longest)
		}
	}
	*waits = nil
	server.Inject("HEAD", 1, registrytest.Refuse(503, "", "", "Retry-After", "9"))
	r.Resolve(t.Context(), "v1")
	if len(*waits) != 1 || (*waits)[0] != 9*time.Second {
		t.Errorf("waits %v, want 9s", *waits)
	}
	r.client.wait = func(context.Context, time.Duration) error { return context.Canceled }
	server.Inject("HEAD", 2, registrytest.Refuse(503, "", ""))
	if _, err := r.Resolve(t.Context(), "v1"); !strings.HasSuffix(err.Error(), "503 Service Unavailable") {
		t.Errorf("a wait that is cancelled: %v", err)
	}
}

// TestPermanentFailure checks that a permanent failure is reported at once.
func TestPermanentFailure(t *testing.T) {
	r, waits := repository(t, "127.0.0.1:1", Options{})
	_, err := r.Resolve(t.Context(), "v1")
	wantError(t, "no server", err,
		"127.0.0.1:1/team/app: manifest v1: dial tcp 127.0.0.1:1: connect: connection refused")
	if len(*waits) > 0 {
		t.Errorf("%d further attempts", len(*waits))
	}
}

// TestRestart checks that a registry that has answered may be unreachable for a while.
func TestRestart(t *testing.T) {
	server := registrytest.New(t)
	dials := 0
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 3 || dials == 4 { // after the probe for TLS and one request
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	r, waits := repository(t, server.Host, Options{Transport: transport})
	want := server.AddManifest("team/app", "v1", oci.MediaTypeManifest, []byte(`{"schemaVersion":2}`))
	for range 2 {
		if got, err := r.Resolve(t.Context(), "v1"); err != nil || got != want {
			t.Errorf("Resolve = %s, %v", got, err)
		}
	}
	if len(*waits) != 2 {
		t.Errorf("%d waits after %d connections, want 2", len(*waits), dials)
	}
}

// TestErrorBodies checks which parts of a refusal are reported.
func TestErrorBodies(t *testing.T) {
	tests := []struct{ contentType, body, want string }{
		{"application/json", `{"errors":[{"code":"DENIED","message":"a\nb\u001b[1m"},{"code":"X"}]}`, "403 DENIED: a b [1m"},
		{"application/json", `{"errors":[{"code":"DENIED"}]}`, "403 DENIED"},
		{"text/html", `{"errors":[{"message":"no code"}]}`, "403 Forbidden: no code"},
		{"application/json", `{"errors":[]}`, "403 Forbidden"},
		{"text/html", `<html>`, "403 Forbidden"},
		{"text/plain; charset=utf-8", "go away\n", "403 Forbidden: go away"},
		{"text/plain", strings.Repeat("x", maxErrorBody+1), "403 Forbidden: " + strings.Repeat("x", 300) + "..."},
	}
	for _, test := range tests {
		server := registrytest.New(t)
		r, _ := repository(t, server.Host, Options{})
		server.Inject("GET", 1, func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", test.contentType)
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, test.body)
			return true
		})
		_, _, err := r.Fetch(t.Context(), "v1")
		wantError(t, test.body[:5], err, server.Host+"/team/app: manifest v1: "+test.want)
		var refusal *Error
		if !errors.As(err, &refusal) || !refusal.Anonymous {
			t.Errorf("%#v, want an anonymous refusal", err)
		}
	}
}
