package lockfile

import (
	"strings"
	"testing"
)

func TestServers(t *testing.T) {
	const token = "https://auth.docker.io/token"
	bearer := func(realm string) *Auth { return &Auth{Scheme: "bearer", Realm: realm} }
	tests := []struct {
		name, url string
		auth      *Auth
		trusted   string
		want      string // a part of the error, or empty for no error
	}{
		{"docker.io", "https://registry-1.docker.io", bearer(token), "", ""},
		{"docker.io", "https://docker.io", nil, "", `expected "https://registry-1.docker.io"`},
		{"r.example.com", "https://r.example.com", &Auth{Scheme: "basic"}, "", ""},
		{"r.example.com:5000", "https://r.example.com:5000", nil, "", ""},
		{"r.example.com", "https://evil.example", nil, "", "is not the registry's"},
		{"r.example.com", "https://r.example.com:444", nil, "", "is not the registry's"},
		{"r.example.com", "https://r.example.com/evil", nil, "", "is not the registry's"},
		{"r.example.com", "https://r.example.com.evil.example", nil, "", "is not the registry's"},
		{"r.example.com", "https://evil.example#r.example.com", nil, "", "is not the registry's"},
		{"r.example.com", "https://evil.example", nil, "https://evil.example", "is not the registry's"},
		{"r.example.com", "http://r.example.com", nil, "",
			"no TLS; to allow it, set STRATA_TRUSTED_SERVERS=http://r.example.com in the environment"},
		{"r.lan:5000", "http://r.lan:5000", &Auth{Scheme: "basic"}, "https://x, http://r.lan:5000/", ""},
		{"127.0.0.1:5991", "http://127.0.0.1:5991", &Auth{Scheme: "basic"}, "", ""},
		{"127.0.0.1:5991", "http://127.0.0.2:5992", &Auth{Scheme: "basic"}, "", "is not the registry's"},
		{"localhost:1", "http://localhost:1", bearer("http://localhost:2/token"), "", ""},
		{"localhost:1", "https://localhost:1", bearer("http://localhost:2/token"), "", "no TLS"},
		{"127.0.0.1:1", "http://127.0.0.1:1", bearer("https://auth.example/"), "", "nor in its domain"},
		{"127.0.0.1:1", "http://127.0.0.1:1", bearer("https://1.0.0.1/"), "", "nor in its domain"},
		{"[::1]:1", "http://[::1]:1", bearer("http://[::1]:2/"), "", ""},

		{"r.example.com", "https://r.example.com", bearer("https://r.example.com:8443/t"), "", ""},
		{"r.example.com", "https://r.example.com", bearer("https://gitlab.example.com/jwt/auth"), "", ""},
		{"r.example.com", "https://r.example.com", bearer("https://EXAMPLE.com/jwt/auth"), "", ""},
		{"r.example.com", "https://r.example.com", bearer("https://t.r.example.com/"), "", ""},
		{"ghcr.io", "https://ghcr.io", bearer("https://ghcr.io/token"), "", ""},
		{"ghcr.io", "https://ghcr.io", bearer("https://evil.io/token"), "", "nor in its domain"},
		{"example.co.uk", "https://example.co.uk", bearer("https://evil.co.uk/token"), "", "nor in its domain"},
		{"r.example.com", "https://r.example.com", bearer("https://evilexample.com/"), "", "nor in its domain"},
		{"r.example.com", "https://r.example.com", bearer("https://example.com.evil.io/"), "", "nor in its domain"},
		{"r.example.com", "https://r.example.com", bearer("https://evil.io/?r.example.com"), "", "nor in its domain"},
		{"r.example.com", "https://r.example.com", bearer("https://r.example.com@evil.io/"), "", "is not an http(s) address"},
		{"r.example.com", "https://r.example.com", bearer("https://evil.io/t"), "https://evil.io", ""},
		{"r.example.com", "https://r.example.com", bearer("https://evil.io:1/t"), "https://evil.io", "nor in its domain"},
		{"r.example.com", "https://r.example.com", bearer("http://r.example.com/t"), "", "no TLS"},
		{"r.example.com", "https://r.example.com", bearer("http://r.example.com/t"), "http://r.example.com", ""},
	}
	for _, test := range tests {
		t.Setenv(TrustVariable, test.trusted)
		err := Registry{URL: test.url, Auth: test.auth}.check(test.name)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// A registry's authentication is kept: a public repository requires none, a private one on the same host does.
func TestLearn(t *testing.T) {
	f := &File{Registries: map[string]Registry{}}
	open := Registry{URL: "https://h.example"}
	basic := Registry{URL: "https://h.example", Auth: &Auth{Scheme: "basic"}}
	bearer := Registry{URL: "https://h.example", Auth: &Auth{Scheme: "bearer", Realm: "https://h.example/token"}}
	for n, step := range []struct{ learned, want Registry }{{open, open}, {basic, basic}, {open, basic}, {bearer, bearer}} {
		Learn(f.Registries, "h.example", step.learned)
		if got := f.Registries["h.example"]; got != step.want {
			t.Errorf("step %d: %+v", n, got)
		}
	}
	if !basic.Covers(open) || !basic.Covers(basic) || open.Covers(basic) || basic.Covers(bearer) ||
		basic.Covers(Registry{URL: "http://h.example"}) {
		t.Error("Covers is wrong")
	}
}
