package lockfile

import (
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/contract"
)

// The cases are shared with the rules, which send the credentials.
func TestServers(t *testing.T) {
	type servers struct {
		Name, URL string
		Realm     *string
		Trusted   []string
		Problem   *string
	}
	problems := map[string]string{
		"address": "is not an http(s) address",
		"domain":  "nor in its domain; to allow it, set STRATA_TRUSTED_SERVERS=",
		"host":    "is not the registry's",
		"tls":     "no TLS; to allow it, set STRATA_TRUSTED_SERVERS=http://",
		"user":    "is not an http(s) address",
	}
	for _, c := range contract.Cases[servers](t, "servers") {
		t.Setenv(TrustVariable, strings.Join(c.Trusted, ", "))
		r := Registry{URL: c.URL}
		if c.Realm != nil {
			r.Auth = &Auth{Scheme: "bearer", Realm: *c.Realm}
		}
		err := r.check(c.Name)
		if c.Problem == nil && err != nil || c.Problem != nil && (err == nil || !strings.Contains(err.Error(), problems[*c.Problem])) {
			t.Errorf("%s at %s, trusted %q: %v", c.Name, c.URL, c.Trusted, err)
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
