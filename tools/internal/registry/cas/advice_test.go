package cas

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hint returns the advice of an error.
func hint(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.Hint()
	}
	return ""
}

func TestAdvice(t *testing.T) {
	_, d := random(10)
	status := http.StatusNotFound
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	plain, secure := httptest.NewServer(handler), httptest.NewUnstartedServer(handler)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	secure.StartTLS()
	defer plain.Close()
	defer secure.Close()
	for _, test := range []struct {
		address string
		status  int
		blind   bool // whether the server's certificate is not checked
		want    string
	}{
		{plain.URL, http.StatusNotFound, false, "the cache has dropped the layer"},
		{plain.URL, http.StatusForbidden, false, "pass a credential for the cache"},
		{plain.URL, http.StatusTeapot, false, ""},
		{secure.URL, http.StatusOK, false, "--tls-certificate=FILE"},
		{secure.URL, http.StatusOK, true, "if the cache requires a client certificate"},
	} {
		status = test.status
		n := 0
		o := waits(&n)
		o.TLS = &tls.Config{InsecureSkipVerify: test.blind}
		_, err := read(test.address, o, d)
		if got := hint(err); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s, %d: %v, hint %q, want %q", test.address, test.status, err, got, test.want)
		}
	}
}

func TestAddHeader(t *testing.T) {
	for pair, want := range map[string]string{
		"X-Api_Key=a=b": "a=b", "a=": "", "A=\tb c": "\tb c",
		"=b": "-", "a": "-", "a b=c": "-", "\u00e4=b": "-", "a=b\nc": "-", "a=b\rc": "-", "a=\x00": "-", "": "-",
	} {
		header := make(http.Header)
		name, _, _ := strings.Cut(pair, "=")
		switch valid := AddHeader(header, pair); {
		case valid != (want != "-"):
			t.Errorf("%q: %v", pair, valid)
		case valid && header.Get(name) != want || !valid && len(header) > 0:
			t.Errorf("%q: %q", pair, header)
		}
	}
}
