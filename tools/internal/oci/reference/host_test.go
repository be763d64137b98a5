package reference

import "testing"

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "localhost.example.com": false, "127.0.0.1.example.com": false, "10.0.0.1": false, "0.0.0.0": false,
		"127.1": false, "example.com": false,
	} {
		if got := IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %t", host, got)
		}
	}
}

func TestAPIHost(t *testing.T) {
	for registry, want := range map[string]string{
		"docker.io": "registry-1.docker.io", "quay.io": "quay.io", "[::1]:5": "[::1]:5",
	} {
		if got := APIHost(registry); got != want {
			t.Errorf("APIHost(%s) = %s, want %s", registry, got, want)
		}
	}
}
