package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestFaults sends many requests: each kind of fault comes up, and all that gets through arrives whole.
func TestFaults(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		io.WriteString(w, strings.ToUpper(string(data)))
	}))
	defer backend.Close()
	p := newProxy()
	p.rate = 60
	p.forward = reverse(strings.TrimPrefix(backend.URL, "http://"))
	front := httptest.NewServer(p)
	defer front.Close()
	p.other = backend.URL
	var whole int
	const tries = 300
	for range tries {
		req, err := http.NewRequest(http.MethodPut, front.URL+"/?mount=x", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Range", "0-3")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			continue
		}
		whole++
		if string(data) != "BODY" {
			t.Errorf("the answer is %q", data)
		}
	}
	for _, f := range faults {
		if p.counts[f.name] == 0 {
			t.Errorf("the fault %q never came up", f.name)
		}
	}
	if p.counts["requests"] < tries || p.counts["bytes"] == 0 || whole == 0 || whole == tries {
		t.Errorf("%d of %d requests got through; the report: %s", whole, tries, p.report())
	}
}

// TestMeter lets all requests through, and counts.
func TestMeter(t *testing.T) {
	p := newProxy()
	p.forward = http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { io.Copy(io.Discard, req.Body) })
	for range 3 {
		p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPut, "/", strings.NewReader("body")))
	}
	if got := p.report(); got != "bytes 12\nrequests 3\nsecrets 0\n" {
		t.Errorf("report %q", got)
	}
}
