package transport

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// TestCheckRedirect checks the headers that follow a redirect: no secret to another host, nothing from TLS to plain HTTP.
func TestCheckRedirect(t *testing.T) {
	secret := []string{"Authorization", "Cookie", "X-Api-Key"}
	harmless := []string{"Accept", "Content-Range", "Content-Type", "Expect", "Range", "User-Agent"}
	everything := slices.Sorted(slices.Values(slices.Concat(secret, harmless)))
	tests := []struct {
		method, from, to string
		want             []string // the headers that are sent there
		err              string
	}{
		{"GET", "https://a.test/x", "https://a.test/y", everything, ""},
		{"GET", "https://a.test/x", "https://A.test/y", everything, ""},
		{"POST", "https://a.test/x", "https://a.test/y", everything, ""},
		{"GET", "https://a.test/x", "https://b.test/y", harmless, ""},
		{"PUT", "https://a.test/x", "https://a.test:444/y", harmless, ""},
		{"GET", "http://a.test/x", "https://a.test/y", harmless, ""},
		{"GET", "http://a.test/x", "http://sub.a.test/y", harmless, ""},
		{"POST", "https://a.test/x", "https://b.test/y", nil, http.ErrUseLastResponse.Error()},
		{"GET", "https://a.test/x", "http://a.test/y", nil, "redirect refused: from TLS to plain HTTP on a.test"},
		{"GET", "https://a.test/x", "file:///etc/passwd", nil, `redirect refused: to the scheme "file"`},
	}
	for _, test := range tests {
		first := request(t, test.method, test.from, nil)
		next := request(t, test.method, test.to, append(slices.Clone(everything), "Referer"))
		next.URL.User = url.UserPassword("user", "secret")
		err := checkRedirect(next, []*http.Request{first})
		if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%s %s to %s: %v, want %q", test.method, test.from, test.to, err, test.err)
		}
		got := slices.Sorted(maps.Keys(next.Header))
		if err == nil && (!slices.Equal(got, test.want) || next.URL.User != nil) {
			t.Errorf("%s %s to %s: headers %q, user %v", test.method, test.from, test.to, got, next.URL.User)
		}
	}
	via := slices.Repeat([]*http.Request{request(t, "GET", "https://a.test/", nil)}, maxRedirects+1)
	var refused *redirectError
	if err := checkRedirect(request(t, "GET", "https://a.test/", nil), via); !errors.As(err, &refused) {
		t.Errorf("in a circle: %v", err)
	}
}

func request(t *testing.T, method, address string, headers []string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range headers {
		req.Header.Set(name, "x")
	}
	return req
}
