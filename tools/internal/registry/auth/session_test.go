package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rules-strata/rules_strata/tools/internal/oci/reference"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

func TestParseChallenges(t *testing.T) {
	type params = map[string]string
	tests := []struct {
		name   string
		values []string
		want   []challenge
	}{
		{"none", nil, nil},
		{"scheme alone", []string{"Basic"}, []challenge{{"basic", params{}}}},
		{"Docker Hub's", []string{
			`Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"`},
			[]challenge{{"bearer", params{
				"realm": "https://auth.docker.io/token", "service": "registry.docker.io", "scope": "repository:a/b:pull,push",
			}}}},
		{"no quotes, spaces, capitals", []string{"BASIC  Realm = x , Charset=UTF-8"},
			[]challenge{{"basic", params{"realm": "x", "charset": "UTF-8"}}}},
		{"escapes", []string{`Basic realm="a \"b\", c\\d"`}, []challenge{{"basic", params{"realm": `a "b", c\d`}}}},
		{"two in one value", []string{`Basic realm="x", Bearer realm="y",scope="z"`},
			[]challenge{{"basic", params{"realm": "x"}}, {"bearer", params{"realm": "y", "scope": "z"}}}},
		{"two values", []string{`Negotiate`, `Basic realm="x"`},
			[]challenge{{"negotiate", params{}}, {"basic", params{"realm": "x"}}}},
		{"unterminated string", []string{`Basic realm="x`}, []challenge{{"basic", params{"realm": "x"}}}},
		{"parameter without scheme", []string{`realm="x"`}, nil},
		{"stray characters", []string{`"", =x, Basic realm=y`}, []challenge{{"basic", params{"realm": "y"}}}},
	}
	for _, test := range tests {
		if got := parseChallenges(test.values); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func FuzzParseChallenges(f *testing.F) {
	for _, seed := range []string{`Bearer realm="x",scope="a b"`, `=,"\`, `Basic a=b c`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, c := range parseChallenges([]string{value}) {
			if c.scheme == "" || c.params[""] != "" {
				t.Errorf("parseChallenges(%q) has an empty name", value)
			}
		}
	})
}

// fixed is a Finder that returns one credential, and counts its calls.
type fixed struct {
	credential Credential
	asked      *int
}

func (f fixed) Find(context.Context, reference.Reference) (Credential, error) {
	*f.asked++
	return f.credential, nil
}

func (fixed) Searched() []string { return nil }

func newSession(c Credential) (*Session, *int) {
	asked := new(int)
	return &Session{
		Repository: reference.Reference{Registry: "registry.test", Repository: "a/b"}, Access: PullPush,
		Credentials: fixed{c, asked}, Client: http.DefaultClient, PlainHTTP: true,
	}, asked
}

// authorization returns the header that the session would send.
func authorization(t *testing.T, s *Session) string {
	t.Helper()
	header, err := s.Authorization(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestSessionBasic(t *testing.T) {
	s, asked := newSession(Credential{Username: "user", Password: "s3cret"})
	if got := authorization(t, s); got != "" || *asked != 0 {
		t.Errorf("before the registry asks: header %q, credential requested %d times", got, *asked)
	}
	again, err := s.Renew(t.Context(), []string{`Basic realm="x"`}, "")
	want := "Basic " + encode("user:s3cret")
	if got := authorization(t, s); !again || err != nil || got != want || *asked != 1 || s.Anonymous() {
		t.Errorf("Renew = %t, %v; header %q, credential requested %d times", again, err, got, *asked)
	}
	if again, err := s.Renew(t.Context(), []string{`Basic realm="x"`}, want); again || err != nil {
		t.Errorf("after a refusal of the credential: Renew = %t, %v, want false", again, err)
	}
	if got := s.Hide("s3cret\n " + want); got != "(hidden)  Basic (hidden)" {
		t.Errorf("Hide = %q", got)
	}
}

func TestSessionWithoutCredential(t *testing.T) {
	for _, challenge := range [][]string{nil, {`Basic realm="x"`}, {"Negotiate"}} {
		s, _ := newSession(Credential{})
		if again, err := s.Renew(t.Context(), challenge, ""); again || err != nil || !s.Anonymous() {
			t.Errorf("challenge %q: Renew = %t, %v, want false", challenge, again, err)
		}
	}
}

func TestSessionRegistryToken(t *testing.T) {
	s, _ := newSession(Credential{RegistryToken: "rt"})
	again, err := s.Renew(t.Context(), []string{`Bearer realm="http://127.0.0.1:1/"`}, "")
	if got := authorization(t, s); !again || err != nil || got != "Bearer rt" {
		t.Errorf("Renew = %t, %v, header %q", again, err, got)
	}
	if again, _ := s.Renew(t.Context(), nil, "Bearer rt"); again {
		t.Error("a refused token is tried again")
	}
}

func TestSessionToken(t *testing.T) {
	const query = "scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=registry%3Acatalog%3A%2A&service=registry.test"
	tests := []struct {
		name       string
		credential Credential
		want       registrytest.Request
	}{
		{"anonymous", Credential{}, registrytest.Request{Method: "GET", Path: "/token?" + query}},
		{"password", Credential{Username: "user", Password: "s3cret"}, registrytest.Request{
			Method: "GET", Path: "/token?" + query, Authorization: "Basic " + encode("user:s3cret"),
		}},
		{"identity token", Credential{Username: "user", IdentityToken: "id"}, registrytest.Request{
			Method: "POST", Path: "/token",
		}},
	}
	for _, test := range tests {
		tokens := registrytest.NewTokenServer(t, "user", "s3cret")
		tokens.IdentityToken = "id"
		challenge := []string{`Basic realm="x"`, `Bearer realm="` + strings.Replace(tokens.URL, "//", "//not:me@", 1) +
			`",service="registry.test",scope="repository:a/b:pull registry:catalog:*"`}
		s, _ := newSession(test.credential)
		again, err := s.Renew(t.Context(), challenge, "")
		if got := authorization(t, s); !again || err != nil || got != "Bearer token-1" {
			t.Errorf("%s: Renew = %t, %v, header %q", test.name, again, err, got)
		}
		if again, err := s.Renew(t.Context(), challenge, ""); !again || err != nil {
			t.Errorf("%s: a second refusal of the old header: Renew = %t, %v", test.name, again, err)
		}
		if got := tokens.Requests(); !reflect.DeepEqual(got, []registrytest.Request{test.want}) {
			t.Errorf("%s: requests %+v\nwant %+v", test.name, got, test.want)
		}
	}
}

func TestSessionRenewsExpiredToken(t *testing.T) {
	tokens := registrytest.NewTokenServer(t, "user", "pw")
	tokens.ExpiresIn = 100
	s, asked := newSession(Credential{Username: "user", Password: "pw"})
	challenge := []string{`Bearer realm="` + tokens.URL + `"`}
	if _, err := s.Renew(t.Context(), challenge, ""); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(s.expires); left < 80*time.Second || left > 90*time.Second {
		t.Errorf("a token for 100 s is used for %v, want a little less than 90 s", left)
	}
	s.expires = time.Now().Add(-time.Second)
	if got := authorization(t, s); got != "Bearer token-2" || *asked != 1 {
		t.Errorf("header %q, credential requested %d times", got, *asked)
	}
	if _, err := s.Renew(t.Context(), challenge, "Bearer token-2"); err != nil || authorization(t, s) != "Bearer token-3" {
		t.Errorf("after a refusal: header %q, %v", s.header, err)
	}
}

func TestSessionFails(t *testing.T) {
	answer := func(status int, body string) registrytest.Fault {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			w.Write([]byte(body))
			return true
		}
	}
	tests := []struct {
		name  string
		fault registrytest.Fault
		want  string
	}{
		{"refused", registrytest.Refuse(401, "UNAUTHORIZED", "no, user:s3cret"),
			"401 Unauthorized: UNAUTHORIZED no, user:(hidden)"},
		{"OAuth", answer(400, `{"error":"invalid_scope","error_description":"no such\nscope"}`),
			"400 Bad Request: no such scope"},
		{"OAuth, short", answer(400, `{"error":"invalid_scope"}`), "400 Bad Request: invalid_scope"},
		{"Docker Hub's", answer(401, `{"details":"incorrect"}`), "401 Unauthorized: incorrect"},
		{"no message", answer(502, `<html>s3cret`), "502 Bad Gateway"},
		{"not JSON", answer(200, `s3cret`), "the answer is not a token in JSON"},
		{"a line break", answer(200, `{"token":"s3\ncret"}`), "the token contains a line break or another control character"},
		{"no token", answer(200, `{"expires_in":5}`), "the answer contains no token"},
	}
	for _, test := range tests {
		tokens := registrytest.NewTokenServer(t, "user", "s3cret")
		tokens.Inject(test.fault)
		s, _ := newSession(Credential{Username: "user", Password: "s3cret"})
		again, err := s.Renew(t.Context(), []string{`Bearer realm="` + tokens.URL + `"`}, "")
		want := "token server " + strings.TrimSuffix(strings.TrimPrefix(tokens.URL, "http://"), "/token") + ": " + test.want
		if err == nil || err.Error() != want {
			t.Errorf("%s: Renew = %t, %v\nwant %s", test.name, again, err, want)
		}
		if got := authorization(t, s); got != "" {
			t.Errorf("%s: header %q", test.name, got)
		}
	}
}

func TestSessionRealm(t *testing.T) {
	tests := []struct{ realm, want string }{
		{"", "the registry names no token server: realm is not an http(s) address"},
		{"/token", "the registry names no token server: realm is not an http(s) address"},
		{"file:///etc/passwd", "the registry names no token server: realm is not an http(s) address"},
		{"http://%zz", "the registry names no token server: realm is not an http(s) address"},
		{"http://tokens.test/", "token server tokens.test: no TLS; the credential is not sent there"},
	}
	for _, test := range tests {
		s, _ := newSession(Credential{Username: "user", Password: "s3cret"})
		s.PlainHTTP = false
		_, err := s.Renew(t.Context(), []string{`Bearer realm="` + test.realm + `"`}, "")
		if err == nil || err.Error() != test.want {
			t.Errorf("realm %q: %v, want %s", test.realm, err, test.want)
		}
	}
}

// A token server may lack TLS only if the registry does, too, and either both are on this machine or the user allows it.
func TestSessionPlainRealm(t *testing.T) {
	tests := []struct {
		realm           string
		plain, insecure bool
		refused         bool
	}{
		{"http://tokens.test/", true, false, true},
		{"http://tokens.test/", false, true, true},
		{"http://127.0.0.1.tokens.test/", true, false, true},
		{"http://tokens.test/", true, true, false},
		{"http://127.0.0.1:1/", true, false, false},
		{"http://127.0.0.1:1/", false, false, true},
		{"http://[::1]:1/", true, false, false},
	}
	for _, test := range tests {
		asked := false
		s, _ := newSession(Credential{Username: "user", Password: "s3cret"})
		s.PlainHTTP, s.Insecure = test.plain, test.insecure
		s.Client = doer(func(*http.Request) (*http.Response, error) { asked = true; return nil, errors.New("no answer") })
		if _, err := s.Renew(t.Context(), []string{`Bearer realm="` + test.realm + `"`}, ""); err == nil || asked == test.refused {
			t.Errorf("%+v: asked %t, %v", test, asked, err)
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(req *http.Request) (*http.Response, error) { return d(req) }

func TestSessionUnreachable(t *testing.T) {
	s, _ := newSession(Credential{Username: "user", Password: "s3cret"})
	_, err := s.Renew(t.Context(), []string{`Bearer realm="http://u:s3cret@127.0.0.1:1/token?key=s3cret"`}, "")
	var failure *TokenError
	var withURL *url.Error
	if !errors.As(err, &failure) || failure.Status != 0 || errors.As(err, &withURL) {
		t.Errorf("error %#v, want a TokenError without a status and without a URL", err)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error contains the secret: %v", err)
	}
}
