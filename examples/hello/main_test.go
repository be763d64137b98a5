package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("<h1>Hello</h1>"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GREETING", "all is well")
	server := httptest.NewServer(handler(dir))
	defer server.Close()
	for path, want := range map[string]string{"/": "<h1>Hello</h1>", "/healthz": "all is well\n"} {
		recorder := httptest.NewRecorder()
		handler(dir).ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
		if got := recorder.Body.String(); got != want {
			t.Errorf("GET %s: %q, want %q", path, got, want)
		}
	}
	if err := ask(server.URL + "/healthz"); err != nil {
		t.Error(err)
	}
	if err := ask(server.URL + "/nowhere"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a missing page: %v, want an error with its status", err)
	}
}
