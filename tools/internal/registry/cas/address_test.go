package cas

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct{ text, name, asks, socket, instance, err string }{
		{text: "grpcs://cache.example.com", name: "grpcs://cache.example.com", asks: "https://cache.example.com"},
		{text: "grpc://[::1]:9092/", name: "grpc://[::1]:9092", asks: "http://[::1]:9092"},
		{text: "cache:443?instance=a/b", name: "grpcs://cache:443", asks: "https://cache:443", instance: "a/b"},
		{text: "unix:run/s", name: "unix:run/s", asks: "http://localhost", socket: "run/s"},
		{text: "unix:///run/s?instance=a", name: "unix:///run/s", asks: "http://localhost", socket: "/run/s", instance: "a"},
		{text: "http://u:p%40ss@cache/x/", name: "http://cache/x", asks: "http://cache/x"},
		{text: "https://cache#f", name: "https://cache", asks: "https://cache"},
		{text: "", err: `remote cache "": no host`},
		{text: "unix:", err: `remote cache "unix:": no path, expected unix:PATH`},
		{text: "ftp://cache", err: `remote cache "ftp://cache": unknown scheme "ftp", ` +
			"expected grpcs, grpc, unix, https or http"},
		{text: "grpcs://cache/main", err: `remote cache "grpcs://cache/main": path "/main": a gRPC address has no path; ` +
			"name an instance with ?instance=NAME"},
		{text: "grpc://u:secret@cache", name: "grpc://cache", asks: "http://cache"},
		{text: "http://u:secret@cache:x", err: `remote cache "...@cache:x": invalid port ":x" after host`},
		{text: "http://cache?instance=a", err: `remote cache "http://cache": an HTTP cache takes a path, not an instance`},
		{text: "grpc://cache?instance=", err: `remote cache "grpc://cache": only instance=NAME is allowed after "?"`},
		{text: "grpc://cache?a=b", err: `remote cache "grpc://cache": only instance=NAME is allowed after "?"`},
		{text: "grpc://cache?instance=a&instance=b",
			err: `remote cache "grpc://cache": only instance=NAME is allowed after "?"`},
		{text: "grpc://cache?instance=/a", err: `remote cache "grpc://cache": instance "/a": ` +
			"expected names with single slashes between them"},
		{text: "grpc://cache?instance=a//b", err: `remote cache "grpc://cache": instance "a//b": ` +
			"expected names with single slashes between them"},
	}
	for _, test := range tests {
		a, err := parseAddress(test.text)
		text := ""
		if err != nil {
			text = err.Error()
		}
		got := []string{a.name, a.url.String(), a.socket, a.instance, text}
		want := []string{test.name, test.asks, test.socket, test.instance, test.err}
		isGRPC := a.name != "" && !strings.HasPrefix(a.name, "http")
		if !slices.Equal(got, want) || a.grpc != isGRPC {
			t.Errorf("%s: %q, gRPC %t\nwant %q", test.text, got, a.grpc, want)
		}
	}
}
