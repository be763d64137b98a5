package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rules-strata/rules_strata/tools/internal/image/imagetest"
	"github.com/rules-strata/rules_strata/tools/internal/registry/registrytest"
)

// TestForeignHostIsVerified redirects in every possible way from a registry on this machine to a server elsewhere with an
// untrusted certificate. Neither a credential nor a blob may be sent there, unless the user allows it.
func TestForeignHostIsVerified(t *testing.T) {
	store := imagetest.Store{}
	d := store.Add("text/plain", []byte("blob"))
	resolve := func(r *Repository) error { _, err := r.Resolve(t.Context(), "v1"); return err }
	put := func(r *Repository) error { _, err := r.PutBlob(t.Context(), store, d); return err }
	const elsewhere = "https://auth.corp.example"
	bearer := registrytest.Refuse(401, "", "", "WWW-Authenticate", `Bearer realm="`+elsewhere+`/token"`)
	tests := []struct {
		name    string
		inject  func(*registrytest.Registry)
		do      func(*Repository) error
		trusted bool // whether --insecure allows requests to the server
	}{
		{"realm", func(s *registrytest.Registry) { s.Inject("HEAD .*/manifests/", 9, bearer) }, resolve, true},
		{"redirect", func(s *registrytest.Registry) {
			s.Inject("HEAD .*/manifests/", 9, registrytest.Redirect(307, elsewhere))
		}, resolve, false},
		{"upload", func(s *registrytest.Registry) {
			s.Inject("POST", 9, s.Lie("Location", elsewhere+"/upload"))
		}, put, false},
	}
	for _, test := range tests {
		for _, start := range []func(testing.TB) *registrytest.Registry{registrytest.New, registrytest.NewTLS} {
			for _, insecure := range []bool{false, true} {
				asked := 0
				other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					asked++
					w.WriteHeader(http.StatusNotFound)
				}))
				other.Config.ErrorLog = log.New(io.Discard, "", 0)
				other.StartTLS()
				defer other.Close()
				transport := http.DefaultTransport.(*http.Transport).Clone()
				transport.Proxy = nil
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					if strings.HasPrefix(address, "auth.corp.example:") {
						address = other.Listener.Addr().String()
					}
					return new(net.Dialer).DialContext(ctx, network, address)
				}
				server := start(t)
				test.inject(server)
				r, waits := repository(t, server.Host, Options{
					Credentials: user.Credentials, Transport: transport, Insecure: insecure,
				})
				err := test.do(r)
				var certificate *tls.CertificateVerificationError
				want := insecure && test.trusted
				if err == nil || asked > 0 != want || errors.As(err, &certificate) == want || len(*waits) > 0 {
					t.Errorf("%s from %s, insecure %t: %d requests, %d waits, %v",
						test.name, server.URL, insecure, asked, len(*waits), err)
				}
			}
		}
	}
}
