package cas

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
)

// guarded is a server with one blob that requires one of the values as Authorization.
func guarded(values ...string) (*server, []byte, oci.Descriptor) {
	data, d := random(100)
	hex := d.Digest.Encoded()
	s := &server{blobs: map[string][]byte{"cas/" + hex: data, fmt.Sprintf("blobs/%s/%d", hex, d.Size): data}}
	s.fault = func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		got := r.Header.Get("Authorization")
		switch {
		case slices.Contains(values, got):
			return false
		case r.ProtoMajor == 2:
			grpcEnd(w, 16, "invalid: "+got)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
		return true
	}
	return s, data, d
}

// helper writes a credential helper that answers its nth call with the nth answer, and records its input.
func helper(t *testing.T, answers ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for n, answer := range answers {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("answer", n)), []byte(answer), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	script := "#!/bin/sh\nn=$(ls | grep -c asked)\n{ echo \"$@\"; cat; } >asked$n\ncat answer$n\n"
	if err := os.WriteFile(filepath.Join(dir, "helper"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestHeaders(t *testing.T) {
	for _, scheme := range []string{"http", "grpc"} {
		s, data, d := guarded("Bearer open-sesame")
		address := start(t, s, scheme)
		got, err := read(address, Options{Header: http.Header{"authorization": {"Bearer open-sesame"}}}, d)
		if err != nil || string(got) != string(data) {
			t.Errorf("%s: %v", scheme, err)
		}
		_, err = read(address, Options{Header: http.Header{"Authorization": {"Bearer wrong-word"}}}, d)
		var refusal *Error
		if !errors.As(err, &refusal) || !refusal.Denied || strings.Contains(err.Error(), "wrong-word") || len(s.asked) != 2 {
			t.Errorf("%s: with a wrong header: %v, %d requests", scheme, err, len(s.asked))
		}
	}
	s, _, d := guarded("Basic dXNlcjpwYXNz")
	address := strings.Replace(start(t, s, "http"), "://", "://user:pass@", 1)
	if _, err := read(address, Options{}, d); err != nil {
		t.Errorf("with a password in the address: %v", err)
	}
}

// A helper runs once for several blobs, and again when its answer has expired or is refused.
func TestHelper(t *testing.T) {
	const first = `{"headers":{"authorization":["Bearer first"]}}`
	const second = `{"headers":{"Authorization":["Bearer second"]}}`
	ended := `{"headers":{"Authorization":["Bearer first"]},"expires":"2001-01-01T00:00:00Z"}`
	tests := []struct {
		scheme  string
		answers []string
		accepts []string
		asked   int
	}{
		{"http", []string{first}, []string{"Bearer first"}, 2},
		{"grpc", []string{first}, []string{"Bearer first"}, 2},
		{"http", []string{ended, second}, []string{"Bearer first", "Bearer second"}, 2},
		{"http", []string{first, second}, []string{"Bearer second"}, 3},
		{"grpc", []string{first, second}, []string{"Bearer second"}, 3},
	}
	for n, test := range tests {
		s, _, d := guarded(test.accepts...)
		address, dir := start(t, s, test.scheme), helper(t, test.answers...)
		cache, err := New(address, Options{Helper: "%workspace%/helper", Workspace: dir})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			r, err := cache.Open(ctx, d)
			if err != nil {
				t.Errorf("%d: %v", n, err)
				continue
			}
			r.Close()
		}
		asked, err := filepath.Glob(filepath.Join(dir, "asked*"))
		if err != nil || len(asked) != len(test.answers) || len(s.asked) != test.asked {
			t.Errorf("%d: the helper ran %d times, the cache got %d requests: %v", n, len(asked), len(s.asked), err)
			continue
		}
		uri := address + "/cas"
		if test.scheme == "grpc" {
			uri = "https" + strings.TrimPrefix(address, "grpc") + "/google.bytestream.ByteStream"
		}
		if got, err := os.ReadFile(asked[0]); err != nil || string(got) != "get\n{\"uri\":\""+uri+"\"}" {
			t.Errorf("%d: the helper got %q, %v", n, got, err)
		}
	}
}

// A helper whose credentials are refused twice, and helpers that fail.
func TestHelperFails(t *testing.T) {
	s, _, d := guarded("nothing")
	address := start(t, s, "grpc")
	const secret = `{"headers":{"Authorization":["Bearer some-secret"]}}`
	tests := []struct{ helper, workspace, want string }{
		{"%workspace%/helper", helper(t, secret, secret), "UNAUTHENTICATED: invalid: Bearer (hidden)"},
		{"%workspace%/helper", helper(t, "some-secret"), "credential helper %workspace%/helper: " +
			"the answer of 11 bytes violates the protocol"},
		{"%workspace%/helper", helper(t), "credential helper %workspace%/helper: " +
			"exit status 1: cat: answer0: No such file or directory"},
		{"absent-helper", "", `credential helper absent-helper: exec: "absent-helper": executable file not found in $PATH`},
	}
	for _, test := range tests {
		paused := 0
		o := waits(&paused)
		o.Helper, o.Workspace = test.helper, test.workspace
		_, err := read(address, o, d)
		want := "remote cache " + address + ": " + d.Digest.String() + ": " + test.want
		if err == nil || err.Error() != want || paused != 0 {
			t.Errorf("error %v, %d waits\nwant %s", err, paused, want)
		}
	}
}

// A secret stays hidden even if a long message is cut in the middle of it.
func TestSecretInLongMessage(t *testing.T) {
	secret := "Bearer " + strings.Repeat("s3cret", 20)
	s, _, d := guarded("nothing")
	guard := s.fault
	s.fault = func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool {
		guard(n, w, r, data)
		w.Header().Set("Grpc-Message", strings.Repeat("x", 290)+r.Header.Get("Authorization"))
		return true
	}
	_, err := read(start(t, s, "grpc"), Options{Header: http.Header{"Authorization": {secret}}}, d)
	if err == nil || strings.Contains(err.Error(), "s3") {
		t.Errorf("error %v, want one without any part of the secret", err)
	}
}

// Headers for the cache do not follow a redirect to another host.
func TestRedirect(t *testing.T) {
	data, d := random(100)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Api-Key") != "" {
			t.Errorf("headers elsewhere: %q", r.Header)
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
	}))
	t.Cleanup(elsewhere.Close)
	to := elsewhere.URL + "/signed?secret"
	s := &server{fault: func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Header.Get("X-Api-Key") != "key" {
			t.Errorf("no key for the cache: %q", r.Header)
		}
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		return true
	}}
	address := start(t, s, "http")
	o := Options{Header: http.Header{"Authorization": {"Bearer x"}, "X-Api-Key": {"key"}}}
	if got, err := read(address, o, d); err != nil || string(got) != string(data) {
		t.Errorf("%q, %v", got, err)
	}
	to = "ftp://elsewhere/secret"
	_, err := read(address, o, d)
	want := "remote cache " + address + ": " + d.Digest.String() + `: redirect refused: to the scheme "ftp"`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
